"""A federated training that dies of SIGKILL, again and again, arrives where one that was left alone does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from assay.platform.federated.methods import STRATEGIES
from assay.platform.federated.resume import REMEMBERED

PROGRAM = Path(__file__).with_name("killed_rounds.py")


#: Options of strategies that must be given some.
OPTIONS = {
    "krum": {"num_malicious_nodes": 0},
    "multi_krum": {"num_malicious_nodes": 0, "num_nodes_to_select": 1},
    "fedavgm": {"server_learning_rate": 0.5},
}


def killed(dataset, home, strategies, moments) -> list[list[str]]:
    """For each strategy, what a run that was killed tells, then what one that was not tells."""
    options = json.dumps({strategy: OPTIONS.get(strategy, {}) for strategy in strategies})
    found = subprocess.run(
        [sys.executable, str(PROGRAM), str(dataset), str(home), options, *map(str, moments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return [line.split() for line in found.stdout.splitlines()]


def check(lines: list[list[str]], rounds: int) -> None:
    """Every killed run went on after its last round, and ended as the other."""
    for (resumed, digest), (never, whole) in zip(lines[::2], lines[1::2], strict=True):
        assert (int(resumed), never) == (rounds, "None")
        assert digest == whole


def test_two_kills_change_no_bit(tabular, tmp_path):
    strategies = ("scaffold", "fedadam")
    lines = killed(tabular, tmp_path, strategies, (1, 2))
    assert len(lines) == 2 * len(strategies)
    check(lines, 3)


@pytest.mark.slow
def test_twenty_kills_change_no_bit(tabular, tmp_path):
    check(killed(tabular, tmp_path, ("scaffold",), (1, 2) * 10), 30)


@pytest.mark.slow
def test_no_strategy_forgets(tabular, tmp_path):
    check(killed(tabular, tmp_path, sorted(STRATEGIES), (1, 2)), 3)


def test_what_is_remembered_is_remembered_by_a_strategy():
    assert set(REMEMBERED) <= set(STRATEGIES)
