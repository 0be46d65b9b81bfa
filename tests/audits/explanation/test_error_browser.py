"""The error browser: what it counts, whom it shows, and that it stays small."""

import numpy as np
import pyarrow as pa
import pytest
from assay.audits.config import ExplainConfig
from assay.audits.explanation.error_browser import GROUPS, browse
from assay.audits.explanation.subject import Subject


def subject_of(worlds, table, says, y, folder, sensitive, classes=("no", "yes"), task="binary", image=None):
    schema = worlds.schema_of(table, task, classes, image=image)
    return Subject(
        predictor=worlds.Asked(says, schema),
        table=table,
        y_true=y,
        background=table,
        config=ExplainConfig(),
        pictures=folder,
        sensitive=sensitive,
    )


@pytest.fixture
def faulty(worlds, tmp_path):
    """Right, but for old people of group b: there it says the opposite."""
    rng = np.random.default_rng(0)
    age, group = rng.integers(20, 80, 400), rng.choice(["a", "b"], 400)
    y = rng.integers(0, 2, 400)
    wrong = (group == "b") & (age > 60)
    table = pa.table(
        {
            "__row__": np.arange(400) + 7,
            "age": age,
            "says": np.where(wrong, 1 - y, y) * 0.8 + 0.1,
            "pet": rng.choice(["cat", "dog"], 400),
        }
    )
    says = lambda t: t["says"].to_numpy()  # noqa: E731
    return subject_of(worlds, table, says, y, tmp_path, {"group": group}), wrong, group


def test_errors_are_counted_by_group_with_an_exact_interval(faulty):
    from scipy.stats import binomtest

    subject, wrong, group = faulty
    found = browse(subject)["group"]["groups"]
    assert found["a"]["errors"] == 0
    assert found["b"]["errors"] == wrong.sum()
    rate = found["b"]["error_rate"]
    exact = binomtest(int(wrong.sum()), int((group == "b").sum())).proportion_ci(0.95, "exact")
    assert (rate["low"], rate["high"]) == pytest.approx((exact.low, exact.high), rel=1e-4)
    assert found["a"]["error_rate"]["low"] == 0


def test_what_sets_errors_apart_is_named_first(faulty):
    subject, wrong, group = faulty
    first = browse(subject)["group"]["groups"]["b"]["differences"][0]
    age = subject.table["age"].to_numpy()[group == "b"]
    assert first["feature"] == "age"
    assert first["errors"] == pytest.approx(age[wrong[group == "b"]].mean(), rel=1e-4)
    assert first["others"] == pytest.approx(age[~wrong[group == "b"]].mean(), rel=1e-4)
    assert browse(subject)["group"]["groups"]["a"]["differences"] == []


def test_each_group_shows_its_own_worst_most_uncertain_and_typical_row(faulty):
    subject, wrong, group = faulty
    for name, found in browse(subject)["group"]["groups"].items():
        assert {line["kind"] for line in found["examples"]} <= {"mistake", "uncertain", "typical"}
        for line in found["examples"]:
            place = line["row"] - 7
            assert group[place] == name
            assert wrong[place] == (line["y_true"] != line["y_pred"])
            assert line["inputs"]["age"] == subject.table["age"][place].as_py()


def test_a_thousand_groups_and_a_group_of_one_are_shown_in_part_and_whole(worlds, tmp_path):
    rows = 1500
    group = np.array([f"g{i % 1000}" for i in range(rows)])
    group[-1] = "alone"
    table = pa.table({"x": np.arange(rows, dtype=float)})
    says = lambda t: np.full(t.num_rows, 0.7)  # noqa: E731
    subject = subject_of(worlds, table, says, np.ones(rows, int), tmp_path, {"group": group})
    found = browse(subject)["group"]
    assert len(found["groups"]) == GROUPS
    assert found["more_groups"] == 1001 - GROUPS
    alone = browse(
        subject_of(
            worlds, table.slice(0, 1), says, np.zeros(1, int), tmp_path, {"group": np.array(["alone"])}
        )
    )
    assert alone["group"]["groups"]["alone"]["error_rate"]["value"] == 1


def test_images_are_shown_as_pictures(worlds, tmp_path):
    rng, shape = np.random.default_rng(0), (1, 8, 8)
    table = worlds.table_of_images(rng.integers(0, 256, (20, *shape)).astype(np.uint8))
    says = lambda t: np.full(t.num_rows, 0.6)  # noqa: E731
    subject = subject_of(worlds, table, says, rng.integers(0, 2, 20), tmp_path, {}, image=shape)
    found = browse(subject)["everyone"]["groups"]["all"]
    for line in found["examples"]:
        assert (tmp_path.parent / line["picture"]).read_bytes()[1:4] == b"PNG"


def test_missing_values_make_no_number_that_is_none(worlds, tmp_path):
    table = pa.table({"a": pa.array([None] * 20, pa.float64()), "b": [None, "x"] * 10})
    says = lambda t: np.full(t.num_rows, 0.6)  # noqa: E731
    y = np.array([0] * 10 + [1] * 10)
    schema_table = pa.table({"a": table["a"], "b": table["b"].cast(pa.string())})
    subject = subject_of(worlds, schema_table, says, y, tmp_path, {})
    numbers = [line["difference"] for line in browse(subject)["everyone"]["groups"]["all"]["differences"]]
    assert np.isfinite(numbers).all()
