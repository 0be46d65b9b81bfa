"""Token dropout from the section `train` to the weights: seen while it learns, and nowhere else."""

from hashlib import sha256

import pandas as pd
import pytest
import torch
from assay.models.catalog import build
from assay.models.inputs import SPECIAL_TOKENS, TextInput
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.text_config import TextConfig
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.training.config import ModelConfig, TrainConfig
from assay.platform.training.preparation import training_objective

SMALL = ModelConfig(architecture="text_transformer", options={"width": 16, "depth": 1, "heads": 2})


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Short reviews that one word decides."""
    place = tmp_path_factory.mktemp("texts")
    words = [
        f"the {thing} was {how} today"
        for thing in ("dress", "coat", "shirt", "hat")
        for how in ("good", "bad")
    ]
    rows = [(f"{text} number {i}", "yes" if "good" in text else "no") for i in range(15) for text in words]
    pd.DataFrame(rows, columns=["review", "likes"]).to_csv(place / "texts.csv", index=False)
    config = DataConfig(
        source=f"csv:{place / 'texts.csv'}", target="likes", columns={"review": "text"},
        text=TextConfig(vocabulary=300, length=16),
    )  # fmt: skip
    ingest(config, out=place / "dataset")
    return place / "dataset"


def digest(folder):
    return sha256((folder / "weights/model.safetensors").read_bytes()).hexdigest()


def test_it_changes_what_is_learned_the_same_each_time(trained, texts):
    some, again, more, none = (
        digest(trained(texts, model=SMALL, epochs=1, token_dropout=share)[0])
        for share in (0.2, 0.2, 0.4, 0.0)
    )
    assert some == again
    assert len({some, more, none}) == 3


def test_a_loss_in_evaluation_is_that_of_whole_lines_and_in_training_that_of_gaps(texts):
    schema = Dataset.open(texts).schema
    torch.manual_seed(0)
    network = build("text_transformer", TextInput(vocabulary=50, length=12), 2, **SMALL.options, dropout=0.0)
    objective, plain = (
        training_objective(TrainConfig(token_dropout=share), network, schema) for share in (0.5, 0.0)
    )
    tokens = torch.randint(len(SPECIAL_TOKENS), 50, (8, 12), generator=torch.Generator().manual_seed(0))
    target = torch.arange(8) % 2
    losses = [of.eval()((tokens,), target, None, torch.Generator()) for of in (objective, plain)]
    torch.testing.assert_close(*losses)
    losses = [of.train()((tokens,), target, None, torch.Generator()) for of in (objective, plain)]
    assert abs(losses[0].item() - losses[1].item()) > 1e-5


def test_where_there_are_no_texts_or_the_head_alone_learns_it_is_refused(trained, pretrained, tabular, texts):
    with pytest.raises(CombinationError, match=r"(?s)token_dropout.*tabular"):
        trained(tabular, token_dropout=0.1)
    body = pretrained(texts, model=SMALL, method="mlm", epochs=1)[0]
    with pytest.raises(CombinationError, match=r"(?s)token_dropout.*head alone"):
        trained(texts, model=SMALL, pretrained=body, mode="linear_probe", token_dropout=0.1)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(SpecError, match=r"train\.token_dropout"):
        TrainConfig(token_dropout=share)
