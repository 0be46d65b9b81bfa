from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.robustness.typos import KINDS, misspell, typos
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.text(alphabet="abcdefghXYZ", min_size=1, max_size=12)
SEEDS = st.integers(0, 10_000)


@given(WORDS, SEEDS)
def test_each_kind_makes_the_mistake_that_it_is_named_for(word, seed):
    made = {kind: typo(word, np.random.default_rng(seed)) for kind, typo in KINDS.items()}
    assert Counter(made["swap"]) == Counter(word)
    assert sum(a != b for a, b in zip(made["swap"], word, strict=True)) in (0, 2)
    assert len(made["drop"]) == max(1, len(word) - 1)
    assert len(made["repeat"]) == len(word) + 1
    assert sum(a != b for a, b in zip(made["neighbour"], word, strict=True)) == 1
    assert made["case"].lower() == word.lower()
    assert made["case"] != word


@given(st.text(max_size=40), SEEDS, st.sampled_from(list(KINDS)))
def test_a_rate_of_0_changes_nothing_and_any_text_is_survived(text, seed, kind):
    assert misspell(text, kind, 0.0, np.random.default_rng(seed)) == text
    misspell(text, kind, 1.0, np.random.default_rng(seed))


def test_the_rate_is_the_share_of_words():
    text = " ".join(["letter"] * 20_000)
    made = misspell(text, "repeat", 0.1, np.random.default_rng(0)).split()
    assert np.mean([word != "letter" for word in made]) == pytest.approx(0.1, abs=0.01)


def test_spaces_and_marks_stay_where_they_are():
    made = misspell("one, two -- three!", "case", 1.0, np.random.default_rng(0))
    assert [c for c in made if not c.isalpha()] == [c for c in "one, two -- three!" if not c.isalpha()]


def test_empty_cells_stay_empty_and_seeds_decide():
    table = pa.table({"t": ["some words here", None] * 50, "n": range(100)})
    made = [change.table() for change in typos(table, ["t"], 0)]
    again = [change.table() for change in typos(table, ["t"], 0)]
    assert all(a.equals(b) for a, b in zip(made, again, strict=True))
    assert all(each["t"].null_count == 50 and each["n"].equals(table["n"]) for each in made)
    assert len(made) == len(KINDS) * 4
