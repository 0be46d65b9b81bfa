"""Texts through the whole chain: what a run makes of them, and every network of texts."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from assay.flows.home import Home
from assay.flows.run import run_spec
from assay.flows.scoring import score_file
from assay.flows.spec import parse_spec
from assay.flows.verification import verify_version
from assay.flows.version import open_version
from assay.models.catalog import ARCHITECTURES, PRETRAINING

#: Audits that ask the model about few rows: what they find is held by their own tests.
BRIEF = {
    "explain": {"rows": 16, "examples": 2},
    "fairness": {"replicates": 200},
    "robustness": {"rows": 40, "attack_rows": 10},
    "slices": {"minimum_rows": 10},
}
SMALL = {"width": 16, "depth": 1, "heads": 2, "token_width": 16}
GOOD, BAD = ("lovely", "warm", "soft", "perfect"), ("itchy", "thin", "torn", "awful")
PLAIN = ("the", "coat", "arrived", "on", "monday", "and", "is", "blue")


def small(name: str) -> dict:
    """An architecture of a few units."""
    options = {key: value for key, value in SMALL.items() if key in ARCHITECTURES[name].options}
    return {"architecture": name, "options": options}


def pretraining_of(name: str) -> dict | None:
    """The method that can train it, where there is one."""
    fitting = [key for key, part in PRETRAINING.items() if name in part.architectures]
    return {"method": fitting[0], "epochs": 1, "batch_size": 64} if fitting else None


def letters(rows: int = 400) -> pd.DataFrame:
    """Letters that a few words tell apart, some of them empty, and who wrote them."""
    rng = np.random.default_rng(0)
    kind = rng.random(rows) < 0.5
    said = []
    for good in kind:
        words = [*rng.choice(PLAIN, rng.integers(3, 9)), *rng.choice(GOOD if good else BAD, 2)]
        said.append(" ".join(rng.permutation(words)))
    return pd.DataFrame(
        {
            "letter": [None if i % 40 == 0 else text for i, text in enumerate(said)],
            "age": rng.integers(18, 80, rows),
            "liked": np.where(kind, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def finished(prefect_api, tmp_path_factory) -> tuple[Path, Path, dict]:
    """A home, the letters, and the report of a run over them."""
    home = tmp_path_factory.mktemp("texts")
    letters().to_csv(home / "letters.csv", index=False)
    document = {
        "name": "letters",
        "data": {
            "source": f"csv:{home / 'letters.csv'}", "target": "liked", "sensitive": ["age"],
            "split": {"validation": 0.2}, "columns": {"letter": "text"}, "bands": {"age": [45]},
            "text": {"vocabulary": 400, "length": 32},
        },
        "model": small("text_transformer"),
        "pretrain": pretraining_of("text_transformer"),
        "train": {"epochs": 8, "batch_size": 32, "learning_rate": 1e-2},
        "mitigate": {"method": "threshold", "over": "age", "constraint": "demographic_parity", "grid": 3},
        "audit": BRIEF,
        "policy": [{"metric": "auroc", "min": 0.9}],
    }  # fmt: skip
    result = run_spec(parse_spec(document), home=home / "home")
    return home, home / "letters.csv", json.loads(result.report["json"].read_bytes())


def test_a_model_of_texts_learns_which_words_matter(finished):
    _, _, report = finished
    assert report["performance"]["metrics"]["auroc"]["value"] > 0.9
    assert report["performance"]["baselines"].keys() == {"majority_class", "tfidf_logistic_regression"}
    assert report["performance"]["baselines"]["tfidf_logistic_regression"]["metrics"]["auroc"]["value"] > 0.9
    words = [
        word
        for example in report["explanation"]["methods"]["occlusion"]["examples"]
        for word in example.get("words", {}).get("letter", [])
    ]
    told = np.mean([abs(word["value"]) for word in words if word["word"] in GOOD + BAD])
    plain = np.mean([abs(word["value"]) for word in words if word["word"] in PLAIN])
    assert told > 2 * plain


def test_what_reads_columns_works_or_says_why_not(finished):
    _, _, report = finished
    assert [
        line["feature"] for line in report["explanation"]["methods"]["permutation_importance"]["global"]
    ] == ["letter"]
    assert {"typo", "missing_value"} <= report["robustness"]["families"].keys()
    assert report["robustness"]["foreign_rows"]["materials"].keys() == {"shuffled_words"}
    assert "letter (words)" in report["slices"]["columns"]
    for place in ("/robustness/adversarial", "/robustness/families/column_shift", "/data/metrics/label_leak",
                  "/data/audit/near_rows"):  # fmt: skip
        assert report["missing"][place]
    assert abs(report["data"]["datasheet"]["proxies"]["age"]["auroc"] - 0.5) < 0.15
    (pretrained,) = (stage for stage in report["training"]["stages"] if stage["name"] == "pretrain")
    assert pretrained["evaluation"]["after"].keys() == {"feature_std", "knn", "linear_probe"}


def test_a_version_is_verified_and_scores_other_letters(finished):
    folder, file, _ = finished
    home = Home(folder / "home")
    assert verify_version(home, "letters").differences == []
    scored = score_file(open_version(home, "letters").model_path(), file)
    assert scored.column_names == ["prediction", "score_no", "score_yes"]
    assert scored.num_rows == 400


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, part in ARCHITECTURES.items() if part.modality == "text"])
def test_every_network_of_texts_trains_two_epochs_on_the_reviews(name, prefect_api, tmp_path):
    document = {
        "name": "reviews",
        "data": {"source": "builtin:reviews", "sensitive": ["Age"], "bands": {"Age": [40]},
                 "text": {"vocabulary": 1000, "length": 48}},
        "model": small(name),
        "train": {"epochs": 2, "batch_size": 256, "learning_rate": 3e-3},
        "audit": BRIEF,
    }  # fmt: skip
    pretrain = pretraining_of(name)
    result = run_spec(parse_spec(document | ({"pretrain": pretrain} if pretrain else {})), home=tmp_path)
    report = json.loads(result.report["json"].read_bytes())
    assert report["model"]["architecture"] == name
    assert report["performance"]["metrics"]["auroc"]["value"] > 0.6
