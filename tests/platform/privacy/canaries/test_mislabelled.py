"""Rows with wrong labels: which are learned and as what, what outputs say of them, and the draw."""

import json

import numpy as np
import pyarrow as pa
import pytest
import torch
from assay.platform.exceptions import SpecError, StoreError
from assay.platform.privacy.canaries.coins import coins, random_numbers
from assay.platform.privacy.canaries.mislabelled import drawn_once, mislabelled
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare
from torch.nn.functional import cross_entropy


@settings(deadline=None)
@given(rows=st.integers(4, 60), classes=st.integers(2, 5), share=st.floats(0, 1), seed=st.integers(0, 2**32))
def test_training_sees_every_other_row_as_it_is_and_of_canaries_those_included_with_a_wrong_label(
    rows, classes, share, seed
):
    canaries = mislabelled(rows, classes, int(share * (rows // 2)), seed=seed)
    right = np.random.default_rng(seed).integers(0, classes, rows)
    table = pa.table({"row": np.arange(rows)})
    learned = canaries.learned(table)["row"].to_numpy()
    labels = dict(zip(learned, canaries.labels(torch.from_numpy(right[learned])).numpy(), strict=True))
    coin = dict(zip(canaries.rows, canaries.included, strict=True))
    assert len(coin) == len(canaries)
    assert list(labels) == [row for row in range(rows) if coin.get(row, True)]
    for row, label in labels.items():
        assert 0 <= label < classes
        assert (label == right[row]) == (row not in coin)
    others = canaries.others(table)["row"].to_pylist()
    assert others == [row for row in range(rows) if row not in coin]


def test_a_score_is_minus_the_loss_of_the_label_that_an_included_row_would_have():
    canaries = mislabelled(40, 4, 20, seed=1)
    rng = np.random.default_rng(2)
    right, outputs = rng.integers(0, 4, 20), rng.normal(0, 30, (20, 4)).astype(np.float32)
    wrong = torch.from_numpy((right + canaries.shift) % 4)
    expected = -cross_entropy(torch.from_numpy(outputs).double(), wrong, reduction="none")
    np.testing.assert_allclose(canaries.scores(outputs, right), expected.numpy(), rtol=1e-12, atol=1e-12)


def test_rows_wrong_labels_and_coins_are_even():
    draws = [mislabelled(10, 4, 5, seed=seed) for seed in range(1500)]
    taken, shifts = (np.concatenate([getattr(one, part) for one in draws]) for part in ("rows", "shift"))
    assert chisquare(np.bincount(taken, minlength=10)).pvalue > 1e-3
    assert chisquare(np.bincount(shifts, minlength=4)[1:]).pvalue > 1e-3
    assert binomtest(int(sum(one.included.sum() for one in draws)), 7500).pvalue > 1e-3
    assert {int(one.included.sum()) for one in draws} == set(range(6))  # their number isn't fixed


def test_of_one_seed_their_coins_are_not_those_of_gradients():
    gradients = coins(64, random_numbers(3))
    assert not np.array_equal(mislabelled(200, 2, 64, seed=3).included, gradients)


def test_more_than_half_of_the_rows_are_refused():
    assert len(mislabelled(41, 2, 20, seed=0)) == 20
    with pytest.raises(SpecError, match="canary_rows") as caught:
        mislabelled(41, 2, 21, seed=0)
    assert caught.value.exit_code == 2


def test_a_draw_is_made_once_and_lies_where_its_owner_alone_can_read_it(tmp_path):
    folder, asked = tmp_path / "scratch" / "draw", {"rows": 90, "classes": 3, "count": 30, "seed": None}
    first, again = (drawn_once(folder, **asked) for _ in range(2))
    other = drawn_once(tmp_path / "other", **asked)
    for part in ("rows", "shift", "included"):
        np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
    assert not np.array_equal(first.included, other.included)
    assert folder.stat().st_mode & 0o077 == 0
    (kept,) = folder.iterdir()
    assert json.loads(kept.read_bytes())["included"] == first.included.tolist()


def test_a_draw_for_other_rows_is_another_one(tmp_path):
    first, other = (drawn_once(tmp_path, rows=rows, classes=2, count=8, seed=None) for rows in (20, 4000))
    assert first.rows.max() < 20 <= other.rows.max()


def test_a_draw_that_can_not_be_kept_is_refused(tmp_path):
    (tmp_path / "draw").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="draw of canaries can't be written"):
        drawn_once(tmp_path / "draw", rows=20, classes=2, count=8, seed=None)


def test_where_none_are_asked_for_nothing_is_drawn_or_written(tmp_path):
    none = drawn_once(tmp_path / "draw", rows=3, classes=0, count=0, seed=None)
    table, target = pa.table({"row": [1, 2, 3]}), torch.tensor([0.5, 1.0, 2.0])
    assert none.learned(table) is none.others(table) is table
    assert none.labels(target) is target
    assert not (tmp_path / "draw").exists()
