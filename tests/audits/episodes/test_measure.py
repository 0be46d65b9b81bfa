"""Accuracy over episodes: against loops, and its interval against simulated episodes."""

import numpy as np
import pytest
from assay.audits.episodes import Episodes, measure
from hypothesis import given, settings
from hypothesis import strategies as st


def episodes(
    count: int, *, way: int = 5, queries: int = 4, classes: int = 12, seed: int = 0, skill=lambda true: 0.8
) -> Episodes:
    """Answers of a model that knows each class with a chance of its own, and else guesses another."""
    rng = np.random.default_rng(seed)
    true = np.stack([rng.permutation(classes)[:way] for _ in range(count)])  # (count, way)
    asked = np.repeat(true, queries, axis=1)
    chance = np.vectorize(skill)(asked)
    wrong = np.take_along_axis(
        true,
        (np.repeat(np.arange(way), queries) + rng.integers(1, way, (count, way * queries))) % way,
        axis=1,
    )
    answered = np.where(rng.random(asked.shape) < chance, asked, wrong).ravel()
    guessed = np.take_along_axis(true, rng.integers(0, way, (count, way * queries)), axis=1).ravel()
    return Episodes(
        way=way, shot=1, queries=queries, classes=tuple(f"c{code}" for code in range(classes)),
        eligible=classes, rows=np.arange(asked.size), y_true=asked.ravel(), y_pred=answered,
        y_baseline=guessed, groups={"half": np.where(asked.ravel() < classes // 2, "low", "high")},
    )  # fmt: skip


def found(evidence: Episodes, **arguments) -> dict:
    return measure([evidence], baseline="guess", **arguments).values


@settings(deadline=None, max_examples=20)
@given(count=st.integers(2, 12), queries=st.integers(1, 3), seed=st.integers(0, 1000))
def test_every_mean_is_that_of_a_loop_over_episodes(count, queries, seed):
    evidence = episodes(count, queries=queries, seed=seed)
    right = evidence.y_true == evidence.y_pred
    values = found(evidence)
    plain = [right[evidence.episode == number].mean() for number in range(count)]
    assert values["metrics"]["accuracy"]["value"] == pytest.approx(np.mean(plain))
    assert values["metrics"]["accuracy"]["n"] == values["n"] == count
    for code, name in enumerate(evidence.classes):
        mine = evidence.y_true == code
        if not mine.any():
            assert name not in values["by_class"]
            continue
        of = [right[mine & (evidence.episode == number)].mean() for number in set(evidence.episode[mine])]
        assert values["by_class"][name]["n"] == mine.sum()
        assert values["by_class"][name]["accuracy"]["value"] == pytest.approx(np.mean(of))
    for group, held in values["episodes"]["groups"]["half"].items():
        mine = evidence.groups["half"] == group
        of = [right[mine & (evidence.episode == number)].mean() for number in set(evidence.episode[mine])]
        assert held["accuracy"]["value"] == pytest.approx(np.mean(of))
        assert held["n"] == mine.sum()


@pytest.mark.parametrize(
    ("count", "skill"),
    [
        (20, lambda true: 0.8),
        (60, lambda true: 0.97),
        (60, lambda true: 0.4 + 0.05 * true),  # classes that differ make episodes that differ
        (300, lambda true: 0.99 if true > 2 else 0.5),
    ],
)
def test_the_interval_holds_the_accuracy_over_all_episodes_of_these_classes_as_often_as_it_says(count, skill):
    """Every class is as likely in an episode, so the truth is the mean skill."""
    truth, draws = np.mean([skill(code) for code in range(12)]), 300
    held, above, width = 0, 0, []
    for seed in range(draws):
        number = found(episodes(count, queries=3, seed=seed, skill=skill))["metrics"]["accuracy"]
        held += number["low"] <= truth <= number["high"]
        above += number["one_sided"][0] <= truth
        width.append(number["high"] - number["low"])
    spread = np.std([episodes_mean(count, skill, seed) for seed in range(draws)])
    assert held / draws > 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)
    assert above / draws > 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)
    assert np.mean(width) < 1.35 * 2 * 1.96 * spread  # and not by being wide


def episodes_mean(count, skill, seed) -> float:
    evidence = episodes(count, queries=3, seed=seed, skill=skill)
    return float((evidence.y_true == evidence.y_pred).mean())


def test_queries_of_an_episode_are_not_counted_as_if_they_were_drawn_apart():
    """Episodes wholly right or wholly wrong: 40 of them are 40 facts, however many queries each has."""
    rng = np.random.default_rng(0)
    evidence = episodes(40, queries=15)
    good = np.repeat(rng.random(40) < 0.5, 75)
    other = np.roll(evidence.y_true.reshape(40, 5, 15), 1, axis=1).ravel()
    clustered = Episodes(**{**vars(evidence), "y_pred": np.where(good, evidence.y_true, other)})
    number = found(clustered)["metrics"]["accuracy"]
    assert number["high"] - number["low"] > 0.25


def test_when_all_episodes_agree_the_limits_still_allow_others():
    perfect = episodes(30, skill=lambda true: 1.0)
    number = found(perfect)["metrics"]["accuracy"]
    assert number["value"] == number["high"] == 1.0
    assert 0.7 < number["low"] < 0.99
    assert all(held["accuracy"]["low"] < 1 for held in found(perfect)["by_class"].values())


def test_the_difference_to_the_baseline_is_paired_by_episode():
    evidence = episodes(200)
    beside = found(evidence)["baselines"]["guess"]
    ours = found(evidence)["metrics"]["accuracy"]["value"]
    assert beside["metrics"]["accuracy"]["value"] == pytest.approx(0.2, abs=0.05)
    assert beside["difference"]["accuracy"]["value"] == pytest.approx(
        ours - beside["metrics"]["accuracy"]["value"]
    )
    same = Episodes(**{**vars(evidence), "y_baseline": evidence.y_pred})
    none = found(same)["baselines"]["guess"]["difference"]["accuracy"]
    assert none["value"] == 0
    assert none["high"] - none["low"] < 0.1


def test_confusions_are_counted_where_they_could_happen():
    evidence = Episodes(
        way=2, shot=1, queries=2, classes=("a", "b", "c"), eligible=3, rows=np.arange(12),
        y_true=np.array([0, 0, 1, 1, 0, 0, 2, 2, 1, 1, 0, 0]),
        y_pred=np.array([1, 1, 1, 1, 0, 2, 2, 2, 1, 0, 0, 1]), y_baseline=np.zeros(12, dtype=int),
    )  # fmt: skip
    assert found(evidence)["episodes"]["confused"] == [
        {"true": "a", "given": "b", "n": 3, "of": 4},
        {"true": "a", "given": "c", "n": 1, "of": 2},
        {"true": "b", "given": "a", "n": 1, "of": 4},
    ]


def test_shots_stand_in_order_and_the_promised_one_is_the_metric():
    first, more = episodes(30), Episodes(**{**vars(episodes(30, seed=1, skill=lambda true: 0.95)), "shot": 5})
    values = measure([more, first], baseline="guess").values
    assert list(values["episodes"]["shots"]) == ["1", "5"]
    assert values["metrics"]["accuracy"] == values["episodes"]["shots"]["5"]
    assert values["episodes"]["shot"] == 5
    assert values["episodes"]["chance"] == 0.2


def test_what_is_shown_is_the_first_episode_and_the_worst():
    evidence = episodes(25)
    right = (evidence.y_true == evidence.y_pred).reshape(25, -1).sum(axis=1)
    first, worst = evidence.shown
    assert (first["episode"], first["right"], first["of"]) == (1, right[0], 20)
    assert worst["right"] == right.min() == right[worst["episode"] - 1]


def test_evidence_survives_its_file(tmp_path):
    evidence = episodes(7)
    evidence.to_parquet(tmp_path / "episodes.parquet")
    again = Episodes.from_parquet(tmp_path / "episodes.parquet")
    assert found(again) == found(evidence)
    assert np.array_equal(again.rows, evidence.rows)
    assert again.groups["half"].tolist() == evidence.groups["half"].tolist()
