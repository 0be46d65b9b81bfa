"""Few-shot learning through the chain: from drawings to a report on episodes of characters never seen."""

import dataclasses
import json
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from assay.audits.episodes import Episodes
from assay.audits.report import schema
from assay.flows.catalogue import catalogue
from assay.flows.chain import Run, find
from assay.flows.examples import example_path
from assay.flows.few_shot_audit import measure_few_shot, redrawn
from assay.flows.preflight import check_against_data, preflight
from assay.flows.scoring import score_file
from assay.flows.spec import load_spec, parse_spec
from assay.flows.stages import wanted
from assay.flows.verification import verify_version
from assay.platform.exceptions import CombinationError, DataError, ModelError, SpecError

NEW = {"alphabet": {"test": ["Tagalog", "Sanskrit"], "validation": ["Latin"]}}


def document(**few_shot) -> dict:
    return {
        "name": "characters",
        "data": {"source": "builtin:omniglot", "split": {"fixed": NEW}},
        "model": {"architecture": "conv4", "width": 8},
        "few_shot": {
            "way": 4, "queries": 5, "also_shots": [3], "train_way": 8, "train_episodes": 6,
            "validation_episodes": 4, "episodes": 40, "quarter_turns": True, **few_shot,
        },
        "train": {"epochs": 2, "learning_rate": 5e-3},
        "policy": [{"metric": "accuracy", "min": 0.05, "confidence": 0.99}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(chained, tmp_path_factory) -> tuple[Run, dict]:
    return chained(tmp_path_factory.mktemp("home"), document())


def test_the_report_tells_accuracy_over_episodes_of_new_classes_and_passes_its_gate(made):
    run, report = made
    jsonschema.validate(report, schema())
    found = report["performance"]
    assert list(run.outcomes) == ["ingest", "train", "audit", "report"]
    assert report["model"]["task"] == "few_shot"
    assert report["model"]["classes"] == []
    assert found["n"] == found["metrics"]["accuracy"]["n"] == 40
    assert {key: found["episodes"][key] for key in ("way", "shot", "queries", "classes")} == {
        "way": 4, "shot": 1, "queries": 5, "classes": 59,
    }  # fmt: skip
    assert set(found["episodes"]["groups"]["alphabet"]) == {"Tagalog", "Sanskrit"}
    assert list(found["episodes"]["shots"]) == ["1", "3"]
    assert set(found["baselines"]) == {"nearest_mean_of_pixels"}
    assert report["policy"]["status"] == "pass"
    assert "0.99" in found["metrics"]["accuracy"]["one_sided_at"]


def test_no_class_of_the_test_was_trained_on_or_chosen_by(made):
    tables = {
        split: pq.read_table(made[0].path("ingest") / f"{split}.parquet").to_pandas()
        for split in ("train", "validation", "test")
    }
    known = [set(table["character"]) for table in tables.values()]
    assert not known[0] & known[1]
    assert not (known[0] | known[1]) & known[2]
    assert {split: set(table["alphabet"]) for split, table in tables.items()} == {
        "train": {"Balinese", "Early_Aramaic", "Greek", "Korean", "Japanese_(katakana)"},
        "validation": {"Latin"},
        "test": {"Tagalog", "Sanskrit"},
    }
    asked = Episodes.from_parquet(made[0].path("audit") / "predictions" / "episodes_1.parquet")
    assert {asked.classes[code].split()[0] for code in set(asked.y_true)} == {"Tagalog", "Sanskrit"}


def test_what_cannot_be_said_of_a_few_shot_model_is_missing_with_its_reason(made):
    missing = made[1]["missing"]
    for room in ("calibration", "fairness", "slices", "explanation", "robustness"):
        assert "has no classes of its own" in missing[f"/{room}"]
        assert room not in made[1]
    assert "labels of fixed classes" in missing["/data/metrics"]


def test_the_page_shows_episodes_with_what_was_right_and_wrong(made):
    run, report = made

    found = []

    class Images(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag == "img":
                found.append(dict(attrs)["alt"])

    html, md = (run.path("report") / f"report.{form}" for form in ("html", "md"))
    Images().feed(html.read_text())
    shown = [f"Episode {one['episode']}" for one in report["performance"]["episodes"]["shown"]]
    assert found == shown
    assert "40 episodes of 4 classes out of 59 that training never saw" in md.read_text()
    assert "Classes that are told apart worst" in md.read_text()


def test_the_version_holds_against_its_evidence(made):
    verified = verify_version(made[0].home, "characters")
    assert verified.differences == []
    assert {"numbers of performance from stored answers", "episodes drawn again"} <= set(verified.checked)


def test_answers_or_episodes_that_were_changed_are_found_out(made, tmp_path):
    run, spec = made[0], made[0].spec
    stored = run.path("audit") / "predictions"
    (tmp_path / "predictions").mkdir()
    for file in stored.glob("episodes_*.parquet"):
        Episodes.from_parquet(file).to_parquet(tmp_path / "predictions" / file.name)
    assert redrawn(run.path("ingest"), tmp_path, spec.few_shot) == []
    honest = Episodes.from_parquet(stored / "episodes_1.parquet")
    kept = honest.episode != honest.shown[-1]["episode"] - 1  # the worst episode, left out
    better = Episodes(**{
        **vars(honest),
        **{key: getattr(honest, key)[kept] for key in ("rows", "y_true", "y_pred", "y_baseline")},
        "groups": {name: values[kept] for name, values in honest.groups.items()},
    })  # fmt: skip
    better.to_parquet(tmp_path / "predictions" / "episodes_1.parquet")
    assert redrawn(run.path("ingest"), tmp_path, spec.few_shot) == [
        "1-shot episodes aren't those of few_shot.seed"
    ]
    again = measure_few_shot(tmp_path, spec.audit, spec.few_shot)["performance"].values
    assert again["metrics"]["accuracy"]["value"] > made[1]["performance"]["metrics"]["accuracy"]["value"]
    assert redrawn(run.path("ingest"), stored.parent, dataclasses.replace(spec.few_shot, seed=1)) != []


def test_other_test_episodes_are_asked_of_the_same_weights(made):
    run = made[0]
    for keys, same in (({"episodes": 7, "seed": 9, "also_shots": []}, True), ({"train_way": 9}, False)):
        other = Run.open(parse_spec(document(**keys)), run.home)
        for stage in wanted(other.spec)[:2]:
            assert find(stage, other) == (same or stage.name == "ingest")


def test_a_file_is_answered_after_a_look_at_examples_and_not_without(made, tmp_path):
    test = pq.read_table(made[0].path("ingest") / "test.parquet")
    names = np.array(test["character"].to_pylist())
    taken = [np.flatnonzero(names == name)[:3] for name in sorted(set(names))[:3]]
    shown = test.take(np.ravel([rows[:2] for rows in taken])).select(["image", "character"])
    pq.write_table(shown, tmp_path / "examples.parquet")
    pq.write_table(test.take([rows[2] for rows in taken]).select(["image"]), tmp_path / "new.parquet")
    model = made[0].path("train")
    scored = score_file(model, tmp_path / "new.parquet", tmp_path / "examples.parquet")
    assert scored.column_names == ["prediction", *(f"score_{name}" for name in sorted(set(names))[:3])]
    assert set(scored["prediction"].to_pylist()) <= set(sorted(set(names))[:3])
    with pytest.raises(ModelError, match="--support"):
        score_file(model, tmp_path / "new.parquet")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"few_shot": {"method": "protonet"}}, "unknown few_shot.method"),
        ({"few_shot": {"method": "maml", "options": {"step": 1}}}, "maml has no such option"),
        ({"policy": [{"metric": "macro_f1", "min": 0.5}]}, "what episodes of new classes can't say"),
        ({"policy": [{"metric": "accuracy", "min": 0.5, "split": "validation"}]}, "can't say"),
        ({"few_shot": {"ways": 5}}, r"unknown key in the spec: few_shot\.ways"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_starts(keys, said):
    with pytest.raises(SpecError, match=said) as caught:
        preflight(parse_spec(document() | keys))
    assert caught.value.exit_code == 2


def test_tables_are_refused_once_they_are_read(loans_spec, tmp_path):
    (tmp_path / "schema.json").write_text(
        json.dumps({"task": "multiclass", "modality": "tabular", "sensitive": []})
    )
    spec = parse_spec(loans_spec(few_shot={}, data={"source": "builtin:adult"}, model={}))
    with pytest.raises(CombinationError, match="few_shot can't be had with tables"):
        check_against_data(spec, tmp_path)


def test_too_few_test_classes_are_found_before_anything_is_trained(made):
    dataset = made[0].path("ingest")
    check_against_data(made[0].spec, dataset)
    for keys, split in (
        ({"way": 60, "train_way": 8}, "validation"),
        ({"also_shots": [16]}, "test"),
        ({"train_way": 200}, "train"),
    ):
        with pytest.raises(DataError, match=f"the {split} classes are too few"):
            check_against_data(parse_spec(document(**keys)), dataset)


def test_methods_are_listed_with_their_options():
    listed = {row["name"]: row["options"] for row in catalogue("few_shot")}
    assert listed == {
        "prototypical": {}, "maml": {"steps": 5, "learning_rate": 0.1, "first_order": False},
    }  # fmt: skip


def test_the_packaged_example_tests_on_three_alphabets_alone():
    spec = load_spec(Path(example_path("omniglot")))
    preflight(spec)
    assert spec.data.split.fixed["alphabet"] == {"test": ("Japanese_(katakana)", "Sanskrit", "Tagalog")}
    assert [shape.shot for shape in spec.few_shot.audited] == [1, 5]
