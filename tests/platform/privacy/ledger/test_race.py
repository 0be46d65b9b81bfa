"""Processes that spend at once, and one that is killed while it does."""

import json
import os
import signal
import subprocess
import sys

from assay.platform.privacy.ledger.events import dp_sgd
from assay.platform.privacy.ledger.ledger import Ledger
from assay.platform.privacy.ledger.rdp_filter import filter_epsilon
from assay.platform.privacy.ledger.renyi import renyi_curve

RUN = dp_sgd(noise_multiplier=2.0, sample_rate=0.02, steps=500)
BUDGET = {"epsilon": 2.5, "delta": 1e-5}

# Forked from one process that has imported everything, so that all really start at the same moment.
WORKERS = """
import json, os, sys
from pathlib import Path
from assay.platform.exceptions import BudgetError
from assay.platform.privacy.ledger.events import event_from_json
from assay.platform.privacy.ledger.ledger import Ledger

url, private, event = sys.argv[1], Path(sys.argv[2]), event_from_json(json.loads(sys.argv[3]))
datasets = sys.argv[4:]
start, go = os.pipe()

def spend(number, dataset):
    ledger = Ledger(url, private=private)
    try:
        asked = ledger.reserve(dataset, event, run=f"run {number}")
    except BudgetError:
        return False
    ledger.settle(ledger.begin(asked), event)
    return True

children = []
for number, dataset in enumerate(datasets):
    if (child := os.fork()) == 0:
        os.close(go)
        os.read(start, 1)
        went = spend(number, dataset)
        os.write(1, (json.dumps(went) + chr(10)).encode())
        os._exit(0)
    children.append(child)
os.close(go)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""

# Does what it is told up to a point, says so, and waits there for its end.
VICTIM = """
import json, sys, time
from pathlib import Path
from assay.platform.privacy.ledger.events import event_from_json
from assay.platform.privacy.ledger.ledger import Ledger

ledger = Ledger(sys.argv[1], private=Path(sys.argv[2]))
asked = ledger.reserve("adult", event_from_json(json.loads(sys.argv[3])), run="the run")
if sys.argv[4] == "begun":
    ledger.begin(asked)
print("there", flush=True)
time.sleep(600)
"""


def race(url, private, datasets: list[str]) -> list[bool]:
    """Whether each of these runs was let through; closing a pipe lets all go at once."""
    command = [sys.executable, "-c", WORKERS, url, str(private), json.dumps(RUN.to_json()), *datasets]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


def kill_when(url, private, stage: str) -> None:
    command = [sys.executable, "-c", VICTIM, url, str(private), json.dumps(RUN.to_json()), stage]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "there\n"
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL


def most_that_fit() -> int:
    one = renyi_curve(RUN)
    fits = [n for n in range(1, 11) if filter_epsilon(n * one, first=one, **BUDGET) <= BUDGET["epsilon"]]
    assert 1 < len(fits) < 10, "the race would decide nothing"
    return len(fits)


def test_ten_processes_race_for_a_budget_and_exactly_as_many_as_fit_go_through(ledger, url, private):
    ledger.set_budget("adult", **BUDGET)
    went = race(url, private, ["adult"] * 10)
    assert (len(went), sum(went)) == (10, most_that_fit())
    spent = ledger.spent("adult")
    assert len(spent.charges) == most_that_fit()
    assert spent.filtered <= BUDGET["epsilon"]
    ledger.verify_chain()


def test_a_race_on_data_sets_with_common_rows_is_a_race_for_one_budget(ledger, url, private, rows):
    ledger.register("extended", digests=rows(0, 150), parents=["adult"])
    ledger.register("part", digests=rows(50, 60), parents=["adult"])
    ledger.set_budget("adult", **BUDGET)
    ledger.set_budget("part", **BUDGET)
    went = race(url, private, ["extended", "adult"] * 5)
    assert (len(went), sum(went)) == (10, most_that_fit())
    assert ledger.spent("part").filtered <= BUDGET["epsilon"]


def test_several_processes_begin_a_ledger_together(url, private):
    code = (
        "import sys, numpy as np; from pathlib import Path;"
        "from assay.platform.privacy.ledger.ledger import Ledger;"
        "ledger = Ledger(sys.argv[1], private=Path(sys.argv[2]));"
        "ledger.register(sys.argv[3], digests=np.arange(5, dtype=np.uint64)); print(ledger.row_key().hex())"
    )
    command = [sys.executable, "-c", code, url, str(private)]
    processes = [
        subprocess.Popen([*command, f"set {n}"], stdout=subprocess.PIPE, text=True) for n in range(4)
    ]
    keys = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert len(keys) == 1
    assert sorted(os.listdir(private)) == ["ledger.head", "ledger.key"]
    ledger = Ledger(url, private=private)
    ledger.verify_chain()
    assert ledger.head().number == 5


def test_a_run_killed_before_it_began_may_be_released(ledger, url, private):
    kill_when(url, private, "reserved")
    (left,) = ledger.reservations()
    assert ledger.spent("adult", delta=1e-5).epsilon > 0
    ledger.release(left)
    assert ledger.spent("adult", delta=1e-5).epsilon == 0


def test_a_run_killed_after_it_began_stays_spent_until_it_is_resumed_and_settled(ledger, url, private):
    kill_when(url, private, "begun")
    assert ledger.spent("adult", delta=1e-5).charges[0].event == RUN
    resumed = ledger.reserve("adult", RUN, run="the run", resumed=True)
    assert resumed.stage == "begun"
    stopped_early = dp_sgd(noise_multiplier=2.0, sample_rate=0.02, steps=120)
    ledger.settle(ledger.begin(resumed), stopped_early)
    assert ledger.spent("adult", delta=1e-5).charges[0].event == stopped_early
    assert len(ledger.reservations()) == 1


def test_a_run_killed_and_started_anew_pays_for_both(ledger, url, private):
    kill_when(url, private, "begun")
    ledger.set_budget("adult", **BUDGET)
    once = ledger.spent("adult").epsilon
    ledger.reserve("adult", RUN, run="the run")
    assert ledger.spent("adult").epsilon > once
    assert [one.attempt for one in ledger.reservations()] == [1, 2]
