"""A reservation's life, budgets, refusals, and two units of one data set; on both databases."""

import math

import numpy as np
import pytest
from assay.platform.exceptions import BudgetError, DataError, LedgerError, SpecError
from assay.platform.privacy.ledger.events import Composed, NonPrivate, SelfComposed, dp_sgd
from assay.platform.privacy.ledger.ledger import Ledger
from assay.platform.privacy.ledger.renyi import ORDERS

DELTA = 1e-5


def half(run: SelfComposed) -> SelfComposed:
    return SelfComposed(event=run.event, count=run.count // 2)


def test_a_run_is_reserved_begun_and_settled(ledger, run):
    asked = ledger.reserve("adult", run, run="a" * 64)
    assert (asked.stage, asked.attempt) == ("reserved", 1)
    full = ledger.spent("adult", delta=DELTA).epsilon
    assert ledger.begin(asked).stage == "begun"
    done = ledger.settle(asked, half(run))
    assert (done.stage, done.ran) == ("settled", half(run))
    spent = ledger.spent("adult", delta=DELTA)
    assert 0 < spent.epsilon < full
    assert [(one.label, one.event) for one in spent.charges] == [(f"run {'a' * 12}", half(run))]
    assert (spent.budget, spent.filtered) == (None, None)
    assert ledger.reservations() == (done,)


def test_what_is_spent_is_what_google_composes(ledger, run):
    dp = pytest.importorskip("dp_accounting")
    from dp_accounting import rdp

    expected = rdp.RdpAccountant(ORDERS)
    other = dp_sgd(noise_multiplier=1.5, sample_rate=0.01, steps=300)
    for number, event in enumerate((run, other, run)):
        ledger.settle(ledger.begin(ledger.reserve("adult", event, run=f"run {number}")), event)
        step = event.event
        gaussian = dp.GaussianDpEvent(step.event.noise_multiplier)
        expected.compose(dp.PoissonSampledDpEvent(step.sampling_probability, gaussian), event.count)
    assert ledger.spent("adult", delta=DELTA).epsilon == pytest.approx(expected.get_epsilon(DELTA), rel=0.01)


def test_a_budget_refuses_the_run_that_would_exceed_it_and_names_the_versions(ledger, run):
    ledger.set_budget("adult", epsilon=2.0, delta=DELTA)
    for number in (1, 2):
        done = ledger.reserve("adult", run, run=f"run {number}")
        ledger.settle(ledger.begin(done), run)
        ledger.attribute(done, f"income@{number}")
    before = ledger.reservations()
    with pytest.raises(BudgetError, match="overspend the privacy budget of adult") as refused:
        ledger.reserve("adult", SelfComposed(event=run, count=9), run="run 3")
    assert "income@1" in refused.value.got
    assert "income@2" in refused.value.got
    assert "epsilon 2 at delta 1e-05" in refused.value.expected
    assert refused.value.mend
    assert refused.value.exit_code == 2
    assert ledger.reservations() == before


def test_asking_reserves_nothing_and_refuses_the_same(ledger, run):
    ledger.set_budget("adult", epsilon=1.5, delta=DELTA)
    ledger.check("adult", run)
    assert ledger.reservations() == ()
    ledger.reserve("adult", run, run="one")
    with pytest.raises(BudgetError, match="overspend"):
        ledger.check("adult", SelfComposed(event=run, count=4))


def test_training_without_privacy_is_refused_on_a_budget_and_noted_elsewhere(ledger, rows):
    ledger.register("free", digests=rows(200, 300))
    ledger.set_budget("adult", epsilon=8.0, delta=DELTA)
    with pytest.raises(BudgetError, match="adult has a privacy budget, and this run has no privacy"):
        ledger.reserve("adult", NonPrivate(), run="plain")
    ledger.reserve("free", NonPrivate(), run="plain")
    assert ledger.spent("free", delta=DELTA).epsilon == math.inf
    with pytest.raises(BudgetError, match="spent already") as refused:
        ledger.set_budget("free", epsilon=8.0, delta=DELTA)
    assert "run plain inf on free" in refused.value.got


def test_a_part_that_is_private_does_not_make_a_run_private(ledger, run):
    ledger.set_budget("adult", epsilon=8.0, delta=DELTA)
    with pytest.raises(BudgetError, match="no privacy"):
        ledger.reserve("adult", Composed(events=(run, NonPrivate())), run="both")


def test_a_budget_below_what_was_spent_is_refused(ledger, run):
    ledger.reserve("adult", run, run="one")
    with pytest.raises(BudgetError, match="spent already"):
        ledger.set_budget("adult", epsilon=0.5, delta=DELTA)
    ledger.set_budget("adult", epsilon=4.0, delta=DELTA)
    assert ledger.spent("adult").budget.epsilon == 4.0


@pytest.mark.parametrize(
    "wrong",
    [{"epsilon": epsilon} for epsilon in (0.0, -1.0, math.inf, math.nan)]
    + [{"delta": d} for d in (0.0, 1.0)],
)
def test_a_budget_out_of_range_is_refused(local, wrong):
    with pytest.raises(SpecError, match="budget is out of range"):
        local.set_budget("adult", **{"epsilon": 1.0, "delta": DELTA, **wrong})


def test_release_gives_back_what_never_began_and_it_can_not_begin_then(ledger, run):
    asked = ledger.reserve("adult", run, run="one")
    ledger.release(asked)
    ledger.release(asked)
    assert ledger.spent("adult", delta=DELTA).epsilon == 0.0
    with pytest.raises(BudgetError, match="released reservation can't begin"):
        ledger.begin(asked)


def test_what_has_begun_can_not_be_released(ledger, run):
    asked = ledger.reserve("adult", run, run="one")
    ledger.begin(asked)
    with pytest.raises(BudgetError, match="has begun can't be released"):
        ledger.release(asked)
    ledger.settle(asked, run)
    with pytest.raises(BudgetError, match="has begun can't be released"):
        ledger.release(asked)


def test_settling_twice_with_the_same_changes_nothing_and_otherwise_is_refused(ledger, run):
    asked = ledger.begin(ledger.reserve("adult", run, run="one"))
    ledger.settle(asked, half(run))
    head = ledger.head()
    assert ledger.settle(asked, half(run)).stage == "settled"
    assert ledger.begin(asked).stage == "settled"
    assert ledger.head() == head
    with pytest.raises(BudgetError, match="can't be settled"):
        ledger.settle(asked, run)


def test_what_never_began_can_not_be_settled(ledger, run):
    with pytest.raises(BudgetError, match="can't be settled"):
        ledger.settle(ledger.reserve("adult", run, run="one"), run)


def test_a_run_that_did_more_than_it_reserved_is_counted_and_reported(ledger, run):
    asked = ledger.begin(ledger.reserve("adult", run, run="one"))
    twice = SelfComposed(event=run, count=2)
    with pytest.raises(LedgerError, match="more to adult than it had reserved"):
        ledger.settle(asked, twice)
    assert ledger.reservations()[0].ran == twice


def test_a_resumed_run_takes_up_its_reservation_and_a_new_start_is_charged_beside_it(ledger, run):
    first = ledger.begin(ledger.reserve("adult", run, run="one"))
    again = ledger.reserve("adult", run, run="one", resumed=True)
    assert (again.number, again.stage) == (first.number, "begun")
    anew = ledger.reserve("adult", run, run="one")
    assert (anew.attempt, len(ledger.reservations())) == (2, 2)
    assert ledger.reserve("adult", run, run="one", resumed=True).number == anew.number


def test_a_run_that_never_began_and_starts_again_pays_once(ledger, run):
    ledger.set_budget("adult", epsilon=1.5, delta=DELTA)
    first = ledger.reserve("adult", run, run="one")
    once = ledger.spent("adult").epsilon
    again = ledger.reserve("adult", run, run="one")
    assert (again.attempt, ledger.spent("adult").epsilon) == (2, once)
    assert [one.stage for one in ledger.reservations()] == ["released", "reserved"]
    with pytest.raises(BudgetError, match="released reservation can't begin"):
        ledger.begin(first)
    ledger.begin(again)


def test_an_event_that_could_not_be_read_again_is_not_written(ledger, run):
    deep = run
    for _ in range(50):
        deep = SelfComposed(event=deep, count=1)
    with pytest.raises(SpecError, match="events inside one another"):
        ledger.reserve("adult", deep, run="one")
    asked = ledger.begin(ledger.reserve("adult", run, run="one"))
    with pytest.raises(SpecError, match="events inside one another"):
        ledger.settle(asked, deep)
    assert ledger.reservations() == (asked,)


def test_a_delta_at_which_a_whole_row_may_be_published_is_refused(local):
    with pytest.raises(SpecError, match="delta is too large") as refused:
        local.set_budget("adult", epsilon=1.0, delta=0.01)
    assert "1 / 100 units" in refused.value.expected


def test_a_resumed_run_that_is_another_or_reserved_nothing_is_refused(ledger, run):
    with pytest.raises(BudgetError, match="reserved nothing"):
        ledger.reserve("adult", run, run="one", resumed=True)
    ledger.reserve("adult", run, run="one")
    with pytest.raises(BudgetError, match="isn't the one that was reserved"):
        ledger.reserve("adult", half(run), run="one", resumed=True)


def test_an_unknown_data_set_is_named_with_the_nearest(ledger, run):
    with pytest.raises(DataError, match="did you mean 'adult'"):
        ledger.reserve("adlut", run, run="one")
    with pytest.raises(DataError, match="no such data set by person"):
        ledger.reserve("adult", run, run="one", unit="person")
    with pytest.raises(DataError, match="no such data set"):
        ledger.register("child", parents=["adlut"])


def test_a_data_set_is_registered_once_with_its_rows(ledger, rows):
    head = ledger.head()
    ledger.register("adult", digests=rows(0, 100)[::-1])
    assert ledger.head() == head
    with pytest.raises(DataError, match="registered with other rows"):
        ledger.register("adult", digests=rows(0, 101))


def test_an_epsilon_needs_a_delta_from_somewhere(ledger):
    with pytest.raises(DataError, match="a delta to state its epsilon at"):
        ledger.spent("adult")


@pytest.mark.parametrize("name", ["", "x" * 201, "new\nline", 7])
def test_names_are_short_and_printable(local, run, name):
    for act in (
        lambda: local.register(name),
        lambda: local.register("other", unit=name),
        lambda: local.reserve("adult", run, run=name),
        lambda: local.attribute(local.reserve("adult", run, run="one"), name),
    ):
        with pytest.raises(SpecError, match="can't be used"):
            act()


def test_hiding_records_does_not_hide_persons(ledger, run, rows):
    ledger.register("adult", digests=rows(0, 40), unit="person")
    ledger.set_budget("adult", epsilon=8.0, delta=DELTA, unit="person")
    with pytest.raises(BudgetError, match="counts by person, this run hides by record"):
        ledger.reserve("adult", run, run="records")
    ledger.reserve("adult", run, run="persons", unit="person")
    assert ledger.spent("adult", unit="person").epsilon < 8
    assert ledger.spent("adult", delta=DELTA).epsilon == math.inf


def test_two_ledgers_on_one_database_are_one(ledger, url, private, run):
    ledger.reserve("adult", run, run="one")
    assert len(Ledger(url, private=private).reservations()) == 1


def test_the_order_of_runs_changes_nothing(tmp_path, run):
    other = dp_sgd(noise_multiplier=1.2, sample_rate=0.05, steps=40)
    spent = []
    for order in ([run, other, run], [other, run, run]):
        ledger = Ledger(f"sqlite:///{tmp_path / str(len(spent))}.db", private=tmp_path / f"p{len(spent)}")
        ledger.register("adult", digests=np.arange(9, dtype=np.uint64))
        for number, event in enumerate(order):
            ledger.reserve("adult", event, run=str(number))
        spent.append(ledger.spent("adult", delta=DELTA).epsilon)
    assert spent[0] == pytest.approx(spent[1], rel=1e-12)
