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
import numpy as np
from pathlib import Path
from assay.platform.exceptions import BudgetError
from assay.platform.privacy.ledger.events import event_from_json
from assay.platform.privacy.ledger.ledger import Ledger

url, private, event = sys.argv[1], Path(sys.argv[2]), event_from_json(json.loads(sys.argv[3]))
act, datasets = sys.argv[4], sys.argv[5:]
start, go = os.pipe()

def register(ledger, number, dataset):
    ledger.register(f"set {number}", digests=np.arange(5, dtype=np.uint64))
    return ledger.row_key().hex()

def spend(ledger, number, dataset):
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
        said = globals()[act](Ledger(url, private=private), number, dataset)
        os.write(1, (json.dumps(said) + chr(10)).encode())
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

# Spends until it is killed, and says of each step when it is safe; a fork is up at once.
SPENDERS = """
import json, os, random, signal, sys, time
from pathlib import Path
from assay.platform.privacy.ledger.events import event_from_json
from assay.platform.privacy.ledger.ledger import Ledger

url, private, event = sys.argv[1], Path(sys.argv[2]), event_from_json(json.loads(sys.argv[3]))
draw = random.Random(0)
Ledger(url, private=private).check("adult", event)  # imports the driver once, for all
for victim in range(int(sys.argv[4])):
    if (child := os.fork()) == 0:
        ledger = Ledger(url, private=private)
        for turn in range(1000):
            asked = ledger.reserve("adult", event, run=f"run {victim} {turn}")
            ledger.begin(asked)
            os.write(1, f"{asked.number} begun{chr(10)}".encode())  # from here on it touches data
            ledger.settle(asked, event)
            os.write(1, f"{asked.number} settled{chr(10)}".encode())
        os._exit(1)
    time.sleep(draw.uniform(0.01, 0.3))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
"""


def race(url, private, datasets: list[str], act: str = "spend") -> list:
    """What each process says, for `spend` whether its run was let through; all go at once."""
    command = [sys.executable, "-c", WORKERS, url, str(private), json.dumps(RUN.to_json()), act, *datasets]
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


def test_ten_processes_begin_a_ledger_together(url, private):
    keys = race(url, private, ["new"] * 10, act="register")
    assert (len(keys), len(set(keys))) == (10, 1)
    assert sorted(os.listdir(private)) == ["ledger.head", "ledger.key"]
    assert Ledger(url, private=private).verify_chain().number == 11


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


def test_twenty_kills_at_random_moments_lose_nothing_that_had_begun(ledger, url, private):
    command = [sys.executable, "-c", SPENDERS, url, str(private), json.dumps(RUN.to_json()), "20"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    said = [line.split() for line in done.stdout.splitlines()]
    assert said, "nobody got anywhere"
    ledger.verify_chain()
    kept = {one.number: one for one in ledger.reservations()}
    settled = {int(number) for number, stage in said if stage == "settled"}
    for number in {int(number) for number, _ in said}:
        assert kept[number].charged == RUN
        assert kept[number].stage == "settled" or (kept[number].stage == "begun" and number not in settled)
