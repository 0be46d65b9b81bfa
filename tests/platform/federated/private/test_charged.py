"""The ledger hears of rounds before the first and after the last, also where an error ends them."""

from types import SimpleNamespace

import pytest
from assay.platform.exceptions import BudgetError
from assay.platform.federated.private.charged import charged


class Told:
    def __init__(self, refuses=False):
        self.said, self.refuses = [], refuses

    def reserve(self, mechanism, *, resumed):
        if self.refuses:
            raise BudgetError("no")
        self.said.append(("reserve", mechanism, resumed))

    def begin(self):
        self.said.append(("begin",))

    def settle(self, ran):
        self.said.append(("settle", ran))


def rounds(begun):
    return SimpleNamespace(rounds=10, begun=begun, mechanism=lambda count: count)


def test_all_rounds_are_set_aside_and_those_that_began_are_settled():
    account, private = Told(), rounds(0)
    with charged(account, private):
        assert account.said == [("reserve", 10, False), ("begin",)]
        private.begun = 7
    assert account.said[2:] == [("settle", 7)]


def test_an_error_ends_in_what_had_begun():
    account, private = Told(), rounds(0)

    def killed():
        with charged(account, private):
            private.begun = 3
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert account.said[-1] == ("settle", 3)


def test_what_a_budget_refuses_never_starts():
    account = Told(refuses=True)
    with pytest.raises(BudgetError), charged(account, rounds(0)):
        pytest.fail("it started")
    assert account.said == []
