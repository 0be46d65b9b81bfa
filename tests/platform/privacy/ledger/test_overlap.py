"""Which rows data sets share, and what that costs, against a ledger kept row by row."""

import numpy as np
import pytest
from assay.platform.exceptions import DataError
from assay.platform.privacy.ledger import overlap
from assay.platform.privacy.ledger.events import SelfComposed, dp_sgd
from assay.platform.privacy.ledger.ledger import Ledger
from assay.platform.privacy.ledger.rdp_filter import composed_epsilon
from assay.platform.privacy.ledger.renyi import renyi_curve
from hypothesis import given, settings
from hypothesis import strategies as st

DELTA = 1e-5
STEP = dp_sgd(noise_multiplier=2.0, sample_rate=0.02, steps=100)
SETS = st.lists(st.sets(st.integers(0, 12)), min_size=1, max_size=5)


def epsilon(times: int) -> float:
    return composed_epsilon(renyi_curve(SelfComposed(event=STEP, count=times)), DELTA)


def spent(ledger: Ledger, name: str) -> float:
    return ledger.spent(name, delta=DELTA).epsilon


def blocks(ledger: Ledger) -> list[overlap.Block]:
    with ledger._shelf.reading() as book:
        return book.blocks()


def test_a_subset_an_extension_and_a_disjoint_file(ledger, rows):
    ledger.register("subset", digests=rows(10, 20))
    ledger.register("extended", digests=rows(0, 150))
    ledger.register("disjoint", digests=rows(500, 600))
    ledger.reserve("subset", STEP, run="on the subset")
    # Its rows lie in adult and in the extension, so those have spent as much.
    assert [spent(ledger, n) for n in ("subset", "adult", "extended")] == [epsilon(1)] * 3
    assert spent(ledger, "disjoint") == 0
    ledger.reserve("extended", STEP, run="on the extension")
    assert [spent(ledger, n) for n in ("subset", "adult", "extended")] == [epsilon(2)] * 3
    ledger.reserve("disjoint", STEP, run="elsewhere")
    assert [spent(ledger, n) for n in ("adult", "disjoint")] == [epsilon(2), epsilon(1)]


def test_parts_without_common_rows_are_spent_in_parallel(ledger, rows):
    for number in range(4):
        ledger.register(f"part {number}", digests=rows(25 * number, 25 * number + 25))
        ledger.reserve(f"part {number}", STEP, run=f"run {number}")
    assert spent(ledger, "adult") == epsilon(1)
    assert len(ledger.spent("adult", delta=DELTA).charges) == 4


def test_a_budget_is_defended_through_every_file_that_shares_its_rows(ledger, rows):
    ledger.register("subset", digests=rows(10, 20))
    ledger.set_budget("subset", epsilon=epsilon(3), delta=DELTA)
    ledger.reserve("adult", STEP, run="one")
    ledger.reserve("subset", STEP, run="two")
    with pytest.raises(Exception, match="privacy budget of subset") as refused:
        ledger.reserve("adult", SelfComposed(event=STEP, count=2), run="three")
    assert "run one" in str(refused.value)
    assert "on adult" in str(refused.value)


def test_lineage_unites_what_digests_can_not_compare(ledger, rows):
    ledger.register("recoded", digests=rows(1000, 1100), parents=["adult"])
    ledger.register("recoded again", parents=["recoded"])
    ledger.reserve("recoded again", STEP, run="one")
    assert [spent(ledger, n) for n in ("adult", "recoded", "recoded again")] == [epsilon(1)] * 3
    ledger.reserve("adult", STEP, run="two")
    assert [spent(ledger, n) for n in ("adult", "recoded", "recoded again")] == [epsilon(2)] * 3


def test_lineage_adds_nothing_where_the_rows_are_known(ledger, rows):
    ledger.register("left", digests=rows(0, 50), parents=["adult"])
    ledger.register("right", digests=rows(50, 100), parents=["adult"])
    ledger.reserve("left", STEP, run="one")
    assert [spent(ledger, n) for n in ("left", "right", "adult")] == [epsilon(1), 0.0, epsilon(1)]


def test_a_parent_may_be_declared_later(ledger, rows):
    ledger.register("recoded", digests=rows(1000, 1100))
    ledger.reserve("adult", STEP, run="one")
    assert spent(ledger, "recoded") == 0
    ledger.register("recoded", parents=["adult"])
    assert spent(ledger, "recoded") == epsilon(1)
    ledger.verify_chain()


def test_rows_of_two_units_are_kept_apart(ledger, rows):
    ledger.register("persons", digests=rows(0, 10), unit="person")
    assert {(b.unit, b.members) for b in blocks(ledger)} == {
        ("record", frozenset({"adult"})),
        ("person", frozenset({"persons"})),
    }


def test_a_data_set_with_too_many_rows_is_refused(local, rows, monkeypatch):
    monkeypatch.setattr(overlap, "MOST_ROWS", 99)
    with pytest.raises(DataError, match="too many rows"):
        local.register("large", digests=rows(0, 100))


@settings(deadline=None, max_examples=25)
@given(sets=SETS, order=st.randoms(use_true_random=False))
def test_blocks_part_all_rows_and_do_not_depend_on_the_order(tmp_path_factory, sets, order):
    named = {f"set {n}": np.array(sorted(one), dtype=np.uint64) for n, one in enumerate(sets)}
    found = []
    for names in (list(named), order.sample(list(named), len(named))):
        folder = tmp_path_factory.mktemp("ledger")
        ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", private=folder)
        for name in names:
            ledger.register(name, digests=named[name])
        ledger.verify_chain()
        found.append(sorted((sorted(block.members), block.rows) for block in blocks(ledger)))
    expected: dict[tuple[str, ...], int] = {(name,): 0 for name in named if not len(named[name])}
    for row in set().union(*sets):
        inside = tuple(sorted(name for name, one in zip(named, sets, strict=True) if row in one))
        expected[inside] = expected.get(inside, 0) + 1
    assert found[0] == found[1] == sorted((list(inside), count) for inside, count in expected.items())


@settings(deadline=None, max_examples=20)
@given(sets=SETS, runs=st.lists(st.integers(0, 4), max_size=6))
def test_what_is_spent_is_the_most_that_any_row_was_charged(tmp_path_factory, sets, runs):
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", private=folder)
    for number, one in enumerate(sets):
        ledger.register(str(number), digests=np.array(sorted(one), dtype=np.uint64))
    charged = dict.fromkeys(range(13), 0)
    own = dict.fromkeys(range(len(sets)), 0)
    before = dict.fromkeys(own, 0.0)
    for turn, dataset in enumerate(run % len(sets) for run in runs):
        ledger.reserve(str(dataset), STEP, run=str(turn))
        own[dataset] += 1
        for row in sets[dataset]:
            charged[row] += 1
        for number, one in enumerate(sets):
            now = spent(ledger, str(number))
            most = max((charged[row] for row in one), default=own[number])
            assert now == pytest.approx(epsilon(most), rel=1e-12)
            assert now >= before[number]
            before[number] = now
