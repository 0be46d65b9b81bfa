"""A file that nobody has seen goes all the way to a report; one that can't be used is told what is wrong."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from assay.flows.cli import app
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.spec import load_spec, parse_spec
from assay.platform.exceptions import UsageError
from PIL import Image
from typer.testing import CliRunner


def clinic(rows: int = 700, seed: int = 3) -> pd.DataFrame:
    """Spaces in names, gaps, a date, free text, three classes, and two sensitive columns, one numeric."""
    draw = np.random.default_rng(seed)
    age = draw.integers(18, 90, rows).astype(float)
    pressure = draw.normal(120, 15, rows) + 0.3 * (age - 50)
    risk = 0.04 * (age - 50) + 0.05 * (pressure - 120) + draw.normal(0, 1, rows)
    frame = pd.DataFrame(
        {
            "Patient Age": age,
            "blood pressure ": pressure.round(1),
            "First Visit": pd.date_range("2019-01-01", periods=rows, freq="31h").strftime("%Y-%m-%d"),
            "Home Region": draw.choice(["coast", "hills", "city, centre"], rows),
            "Gender": draw.choice(["woman", "man", "other"], rows, p=[0.5, 0.45, 0.05]),
            "Notes": [f"patient {i} came with complaint {draw.integers(0, 10**9)}" for i in range(rows)],
            "Triage Level": np.select([risk > 1, risk > -0.5], ["urgent", "soon"], "can wait"),
        }
    )
    for column in ("blood pressure ", "Home Region", "Gender"):
        frame.loc[draw.random(rows) < 0.06, column] = None
    return frame


def test_an_unseen_file_gives_a_full_report_without_editing(prefect_api, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clinic().to_csv("visits of 2019.csv", index=False)
    made = CliRunner().invoke(
        app,
        ["init", "--from", "visits of 2019.csv", "--target", "Triage Level",
         "--sensitive", "Gender", "--sensitive", "Patient Age"],
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    result = run_spec(load_spec(Path("spec.yaml"), ["train.epochs=3"]), home=tmp_path / "home")
    report = json.loads(result.report["json"].read_bytes())
    assert report["model"]["classes"] == ["can wait", "soon", "urgent"]
    assert set(report["fairness"]["attributes"]) == {"Gender", "Patient Age"}
    assert len(report["fairness"]["attributes"]["Patient Age"]["groups"]) >= 3
    assert report["fairness"]["intersections"]
    assert set(report["performance"]["baselines"]) >= {"majority_class", "logistic_regression"}
    kinds = {column["name"]: column["kind"] for column in report["data"]["datasheet"]["columns"]}
    assert kinds["First Visit"] == "date"
    assert kinds["Notes"] in ("text", "identifier")
    assert "Notes" not in report["data"]["features"]
    assert b"Triage Level" in result.report["html"].read_bytes()


GOOD = "income,debt,gender,granted\n" + "".join(
    f"{i % 37},{i % 11}.5,{'fm'[i % 2]},{'yes' if (i * 7) % 3 else 'no'}\n" for i in range(120)
)

BAD = {
    "an empty file": ("", {}, "empty"),
    "only a header": ("income,debt,gender,granted\n", {}, "row"),
    "a missing target": (GOOD, {"target": "grantd"}, "did you mean 'granted'"),
    "a missing sensitive column": (GOOD, {"sensitive": ["race"]}, "race"),
    "one class only": (GOOD.replace(",no", ",yes"), {}, "class"),
    "no labels": (GOOD.replace(",yes", ",").replace(",no", ","), {}, "granted"),
    "duplicate columns": (GOOD.replace("debt", "income", 1), {}, "income"),
    "text in a numeric column": (GOOD.replace("5.5", "five"), {"columns": {"debt": "numeric"}}, "five"),
    "ragged rows": (GOOD + "1,2\n", {}, "122"),
    "bytes that are no text": (GOOD + "caf\udce9,1,f,yes\n", {}, "UTF-8"),
    "an unknown kind": (GOOD, {"columns": {"debt": "number"}}, "numeric"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_cannot_be_used_is_told_so_and_leaves_nothing_half_made(what, prefect_api, tmp_path):
    text, changes, said = BAD[what]
    path = tmp_path / "rows.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    data = {"source": f"csv:{path}", "target": "granted", "sensitive": ["gender"], **changes}
    with pytest.raises(UsageError) as caught:
        run_spec(parse_spec({"name": "bad", "data": data}), home=tmp_path / "home")
    assert caught.value.exit_code == 2
    assert said in str(caught.value)
    assert Home(tmp_path / "home").registry().versions("bad") == []
    assert not list((tmp_path / "home").glob("store/artifacts/*"))


def test_an_image_that_cannot_be_read_is_named(prefect_api, tmp_path):
    draw = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        for index in range(12):
            pixels = draw.integers(0, 255, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / label / f"{index}.png")
    (tmp_path / "pictures" / "dog" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    spec = parse_spec({"name": "pets", "data": {"source": f"imagefolder:{tmp_path / 'pictures'}"}})
    with pytest.raises(UsageError, match=r"broken\.png"):
        run_spec(spec, home=tmp_path / "home")
    assert not list((tmp_path / "home").glob("store/artifacts/*"))


def test_a_policy_that_the_task_cannot_answer_is_refused_before_training(prefect_api, loans_spec, tmp_path):
    spec = parse_spec(loans_spec(policy=[{"metric": "r2", "min": 0.5}]))
    with pytest.raises(UsageError, match="binary"):
        run_spec(spec, home=tmp_path / "home")
    kinds = [
        json.loads(p.read_bytes())["kind"] for p in tmp_path.glob("home/store/artifacts/*/manifest.json")
    ]
    assert kinds == ["dataset"]
