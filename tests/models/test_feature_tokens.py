"""One token a column."""

import pytest
import torch
from assay.models.feature_tokens import ENCODINGS, FeatureTokens
from assay.models.inputs import TabularInput

TABLE = TabularInput(numeric=2, cardinalities=(3, 4), bins=((0.0, 1.0), (-1.0, 0.0, 2.0)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_token_depends_on_its_own_column_alone(encoding):
    tokens = FeatureTokens(TABLE, 8, encoding, relu=False)
    numeric, categorical = torch.tensor([[0.2, 0.3]]), torch.tensor([[1, 2]])
    before = tokens(numeric, categorical)
    for column in range(4):
        numeric_, categorical_ = numeric.clone(), categorical.clone()
        if column < 2:
            numeric_[0, column] += 0.5
        else:
            categorical_[0, column - 2] += 1
        changed = (tokens(numeric_, categorical_) != before).any(dim=2).squeeze(0)
        assert changed.tolist() == [column == other for other in range(4)]


def test_equal_codes_of_two_columns_have_embeddings_of_their_own():
    tokens = FeatureTokens(TABLE, 8, "linear", relu=False)(torch.zeros(1, 2), torch.tensor([[1, 1]]))
    assert not torch.equal(tokens[0, 2], tokens[0, 3])


@pytest.mark.parametrize(
    "inputs",
    [
        TabularInput(numeric=2, cardinalities=(), bins=((0.0, 1.0), (0.0, 1.0))),
        TabularInput(numeric=0, cardinalities=(3, 4)),
    ],
)
def test_a_table_may_lack_numbers_or_categories(inputs):
    tokens = FeatureTokens(inputs, 8, "piecewise_linear", relu=True)
    numeric = torch.zeros(3, inputs.numeric)
    assert tokens(numeric, torch.zeros(3, len(inputs.cardinalities), dtype=torch.long)).shape == (3, 2, 8)


def test_piecewise_linear_encoding_without_bins_is_refused():
    with pytest.raises(ValueError, match="needs bins"):
        FeatureTokens(TabularInput(numeric=1, cardinalities=()), 8, "piecewise_linear", relu=True)


def test_an_unknown_encoding_is_refused():
    with pytest.raises(ValueError, match="got 'plr', expected one of linear, periodic, piecewise_linear"):
        FeatureTokens(TABLE, 8, "plr", relu=True)
