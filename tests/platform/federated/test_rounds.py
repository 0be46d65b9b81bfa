"""What watchers see of the rounds, against clients whose answers are known."""

import json
from typing import Any

import numpy as np
import pytest
from assay.platform.federated.course import Round
from assay.platform.federated.messages import ARRAYS


class Diary:
    """Writes down each round."""

    name = "diary"

    def __init__(self):
        self.lines: list[dict[str, Any]] = []

    def round(self, seen: Round) -> int:
        """Keep what was seen, and find the round's number times ten."""
        self.lines.append(
            {
                "number": seen.number,
                "before": seen.before["x"].numpy().item(),
                "answers": {
                    client: answer.content[ARRAYS]["x"].numpy().item()
                    for client, answer in seen.answers.items()
                },
                "joined": seen.joined["x"].numpy().item(),
                "judged": {client: numbers["loss"] for client, numbers in seen.judged.items()},
                "rounds": len(seen.result.history),
                "earlier": list(seen.result.watched.get("diary", ())),
                "seconds": seen.seconds,
            }
        )
        return seen.number * 10


class Silent:
    """Finds nothing."""

    name = "silent"

    def round(self, seen: Round) -> None:
        """See it, and say nothing."""


def test_a_watcher_sees_what_was_sent_what_came_back_and_what_was_made_of_it(lead):
    diary = Diary()
    result = lead(
        lambda client, number, weights: {"x": weights["x"] + client + 1},
        {"x": np.array([10.0], dtype=np.float32)},
        examples=[1.0, 3.0],
        loss=lambda weights: float(weights["x"][0]),
        course={"keep_best": False},
        watchers=(diary, Silent()),
        rounds=2,
    )
    first, second = diary.lines
    assert min(first.pop("seconds"), second.pop("seconds")) > 0
    assert first == {
        "number": 1,
        "before": 10.0,
        "answers": {0: 11.0, 1: 12.0},
        "joined": 11.75,
        "judged": {0: 11.75, 1: 11.75},
        "rounds": 1,
        "earlier": [],
    }
    assert (second["before"], second["joined"], second["rounds"]) == (11.75, 13.5, 2)
    assert second["earlier"] == [10]
    assert json.loads(json.dumps(result.watched)) == {"diary": [10, 20]}


@pytest.mark.parametrize("watchers", [(), (Diary(), Silent())])
def test_watching_changes_no_weight(lead, values, watchers):
    def train(client, number, weights):
        return {"x": weights["x"] * 0.5 + client}

    start = {"x": np.array([1.0], dtype=np.float32)}
    result = lead(train, start, examples=[1.0, 1.0], watchers=watchers, rounds=1)
    assert values(result)["x"] == 1.0  # the mean of 0.5 and 1.5


def test_an_answer_that_does_not_count_is_not_shown(lead):
    diary = Diary()

    def train(client, number, weights):
        return {"x": weights["x"] * (np.nan if client == 1 else 1.0)}

    lead(train, {"x": np.ones(1, dtype=np.float32)}, examples=[1.0, 1.0, 1.0], watchers=[diary])
    assert list(diary.lines[0]["answers"]) == [0, 2]


@pytest.mark.parametrize("strategy", ["fedavg", "median", "trimmed_mean", "krum", "fedadam"])
def test_a_strategy_takes_nothing_away_from_what_watchers_see(lead, strategy):
    diary = Diary()
    options = {"num_malicious_nodes": 0} if strategy == "krum" else {}
    start = {"x": np.ones(1, dtype=np.float32)}
    lead(
        lambda client, number, weights: {"x": weights["x"] + client},
        start,
        examples=[1.0] * 3,
        watchers=[diary],
        strategy=strategy,
        options=options,
    )
    assert diary.lines[0]["answers"] == {0: 1.0, 1: 2.0, 2: 3.0}
