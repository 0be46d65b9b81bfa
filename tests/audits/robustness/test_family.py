import numpy as np
import pytest
from assay.audits.robustness.family import Change, run
from assay.audits.robustness.subject import NoAnswerError, Subject


def by_x(table):
    return np.clip(0.5 + table["x"].to_numpy(), 0, 1)


def flipped(table, share):
    x = table["x"].to_numpy().copy()
    x[: int(share * len(x))] *= -1
    return table.set_column(0, "x", [x])


@pytest.fixture
def subject(build, numbers):
    columns, table, y_true = numbers
    return build(columns, table, y_true, by_x, sensitive={"g": np.where(np.arange(300) < 150, "a", "b")})


def test_mean_and_worst_are_over_changes_and_groups_have_their_own(subject):
    changes = [
        Change(kind="flip", level=s, table=lambda s=s: flipped(subject.table, s)) for s in (0.0, 0.25, 0.5)
    ]
    found, outcomes = run("column_shift", subject, changes)
    held = found.values["families"]["column_shift"]
    assert [c["result"]["value"] for c in held["changes"]] == [1.0, 0.75, 0.5]
    assert held["clean"]["value"] == 1
    assert held["mean"]["value"] == pytest.approx(0.75)
    assert held["worst"]["value"] == 0.5
    assert held["worst_change"] == {"kind": "flip", "level": 0.5}
    assert found.values["metrics"]["column_shift_accuracy"] == held["mean"]
    assert found.values["metrics"]["worst_column_shift_accuracy"] == held["worst"]
    groups = found.values["groups"]["g"]
    assert groups["a"]["metrics"]["column_shift_accuracy"]["value"] == pytest.approx(0.5)
    assert groups["b"]["metrics"]["column_shift_accuracy"]["value"] == pytest.approx(1.0)
    assert len(outcomes) == 3


def test_of_a_regression_errors_are_measured_and_the_largest_is_worst(build, numbers):
    columns, table, _ = numbers
    x = table["x"].to_numpy()
    subject = build(columns, table, x + 0.1, lambda t: t["x"].to_numpy(), task="regression")
    changes = [
        Change(kind="scale", level=k, table=lambda k=k: table.set_column(0, "x", [k * x])) for k in (1, 3)
    ]
    held = run("column_shift", subject, changes)[0].values["families"]["column_shift"]
    assert held["measure"] == "mean_absolute_error"
    assert held["clean"]["value"] == pytest.approx(0.1)
    assert held["worst"]["value"] == pytest.approx(np.abs(2 * x - 0.1).mean())
    assert held["worst_change"]["level"] == 3


def test_a_change_that_the_model_cannot_answer_is_missing_and_the_others_stand(build, numbers):
    columns, table, y_true = numbers

    def brittle(asked):
        if asked["x"].null_count:
            raise KeyError("no value for x\nat line 3")
        return by_x(asked)

    subject = build(columns, table, y_true, brittle)
    empty = table.set_column(0, "x", [[None] * 300])
    good, bad = (Change(kind=k, level=1, table=lambda t=t: t) for k, t in (("same", table), ("gone", empty)))
    found, outcomes = run("missing_value", subject, [good, bad])
    assert len(outcomes) == 1
    (place,) = found.missing
    assert place == "/families/missing_value/changes/gone 1"
    assert "no value for x" in found.missing[place]
    alone, _ = run("missing_value", subject, [bad])
    assert not alone.values
    assert any("missing_value" in where for where in alone.missing)


def test_a_score_that_is_no_number_is_no_answer(build, numbers):
    columns, table, y_true = numbers
    subject = build(columns, table, y_true, by_x)
    broken = table.set_column(0, "x", [np.full(300, np.nan)])
    with pytest.raises(NoAnswerError, match="no number"):
        subject.ask(broken)


def test_the_sample_is_drawn_by_the_seed_and_keeps_rows_together(subject):
    parts = [
        Subject.draw(subject.scorer, subject.table, subject.predictions, subject.config, 40) for _ in range(2)
    ]
    assert parts[0].table.equals(parts[1].table)
    for part in parts:
        assert len(part.predictions) == part.table.num_rows == 40
        np.testing.assert_array_equal(part.predictions.y_true, (part.table["x"].to_numpy() > 0) * 1)
        assert len(part.everyone["g"]) == 300
