"""Sample reports with invented numbers: binary, private, multi-class, regression, images, or nothing."""

import json
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from assay.audits.findings import Findings, number
from assay.audits.policy import Check, CheckResult, Verdict
from assay.audits.report import assemble, with_policy

DIGEST = "7f3a" * 16
CREATED = "2026-01-31T12:00:00Z"
KINDS = ("binary", "private", "multiclass", "regression", "image", "bare")


def rate(value: float, n: int = 1000, **more: Any) -> dict[str, Any]:
    """A measured share with a normal interval."""
    wide = math.sqrt(max(value * (1 - value), 0.001) / n)
    low, high = max(0.0, value - 1.96 * wide), min(1.0, value + 1.96 * wide)
    return number(value, low, high, n, (value - 1.645 * wide, value + 1.645 * wide), **more)


def png(width: int = 24, height: int = 24) -> bytes:
    """A small grey picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + bytes((7 * x * y) % 256 for x in range(width)) for y in range(height))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def performance(task: str, classes: list[str], n: int) -> Findings:
    if task == "regression":
        metrics = {
            "mean_absolute_error": number(12408.2, 12011.0, 12830.9, n),
            "root_mean_squared_error": number(21877.0, 20904.0, 22990.0, n),
            "r2": number(0.61, 0.58, 0.64, n),
        }
        other = {"mean_absolute_error": number(15120.0, 14700.0, 15560.0, n)}
        return Findings(
            values={"split": "test", "n": n, "metrics": metrics, "baselines": {"ridge": {"metrics": other}}}
        )
    names = ("accuracy", "auroc", "balanced_accuracy", "log_loss", "brier_score")
    ours = dict(zip(names, (0.862, 0.917, 0.774, 0.312, 0.098), strict=True))
    theirs = {
        "majority_class": (0.764, 0.5, 0.5, 0.55, 0.18),
        "logistic_regression": (0.8565, 0.908, 0.765, 0.32, 0.10),
        "histogram_gradient_boosting": (0.874, 0.928, 0.798, 0.279, 0.087),
    }
    by_class = {
        name: {
            "n": n // len(classes),
            "recall": rate(0.9, n // len(classes)),
            "f1": rate(0.88, n // len(classes)),
        }
        for name in classes
    }
    counts = [[round(9e3 / (1 + 7 * abs(i - j))) for j in range(len(classes))] for i in range(len(classes))]
    values = {
        "split": "test",
        "n": n,
        "metrics": {name: rate(value, n) for name, value in ours.items()},
        "baselines": {
            name: {"metrics": {key: rate(v, n) for key, v in zip(names, row, strict=True)}}
            for name, row in theirs.items()
        },
        "confusion": {"classes": classes, "counts": counts},
        "by_class": by_class,
    }
    return Findings(values=values)


def calibration() -> Findings:
    bins = [
        {
            "low": i / 10,
            "high": (i + 1) / 10,
            "mean_score": i / 10 + 0.05,
            "rate": rate(min(1.0, i / 10 + 0.07), max(30, 900 - 90 * i)),
            "n": max(30, 900 - 90 * i),
        }
        for i in range(10)
    ]
    numbers = {"expected_calibration_error": number(0.0131, 0.0098, 0.0189, 16281)}
    spread = {"0.05": 0.01, "0.25": 0.04, "0.5": 0.21, "0.75": 0.55, "0.95": 0.93}
    scores = {"quantiles": spread, "shares": [0.1] * 10}
    groups = {"sex": {name: {"n": 900, "metrics": numbers, "scores": scores} for name in ("Male", "Female")}}
    return Findings(
        values={
            "metrics": numbers, "temperature": 1.0842, "bins": bins, "scores": scores, "groups": groups,
        }
    )  # fmt: skip


def errors(examples: list[dict[str, Any]]) -> dict[str, Any]:
    """One group of the error browser."""
    return {
        "n": 400,
        "errors": 40,
        "error_rate": number(0.1, 0.07, 0.13, 400),
        "differences": [
            {"feature": "age", "errors": 44.1, "others": 38.7, "difference": 0.4},
            {"feature": "job", "is": "cook", "errors": 0.8, "others": 0.5, "difference": 0.3},
        ],
        "examples": examples,
    }


def explanation(image: bool) -> Findings:
    if image:
        examples = [
            {
                "row": row,
                "y_true": str(row % 10),
                "y_pred": "3",
                "score": 0.971,
                "picture": f"pictures/{row}.png",
            }
            for row in range(6)
        ]
        return Findings(
            values={
                "methods": {
                    "grad_cam": {"examples": examples},
                    "attention_rollout": {
                        "heads": {"row": 0, "layers": 4, "heads": 4, "picture": "pictures/0.png"}
                    },
                },
                "error_browser": {"everyone": {"groups": {"all": errors(examples[:1])}, "more_groups": 0}},
            },
            missing={"/faithfulness": "Not built for pictures in this version."},
        )
    features = ["capital-gain", "marital-status", "education-num", "age", "hours-per-week", "occupation"]
    features += ["relationship", "capital-loss", "workclass", "native-country", "education", "fnlwgt-like"]
    ranked = [
        {"feature": name, "value": 0.2 / (i + 1), "low": 0.18 / (i + 1), "high": 0.22 / (i + 1)}
        for i, name in enumerate(features)
    ]
    parts = [
        {"feature": name, "value": (-1) ** i * 0.3 / (i + 1), "input": i * 7.5}
        for i, name in enumerate(features[:6])
    ]
    example = {"row": 17, "y_true": "<=50K", "y_pred": ">50K", "score": 0.643, "attributions": parts}
    row = {"row": 17, "kind": "mistake", "y_true": "<=50K", "y_pred": ">50K", "score": 0.643}
    words = [{"word": word, "value": 0.1 * i} for i, word in enumerate(["paid", "late", "<b>again</b>"])]
    with_words = row | {"words": {"letter": [*words, {"word": "end", "value": None}]}}
    change = {"feature": "age", "from": 29, "to": 40}
    flip = {"changes": [change, change | {"feature": "job", "from": None}], "y_pred": "<=50K", "score": 0.7}
    flipped = row | {"counterfactuals": [flip | {"distance": 0.4}]}
    stuck = row | {"counterfactuals": [], "none_found": "the decision stayed in all of 812 changed rows"}
    seen = row | {"inputs": {"age": 29, "job": None}}
    return Findings(
        values={
            "methods": {
                "integrated_gradients": {"global": ranked, "examples": [example], "settings": {"rows": 512}},
                "permutation_importance": {"global": ranked},
                "occlusion": {"examples": [with_words], "settings": {"rows": 64}},
                "counterfactuals": {"examples": [flipped, stuck]},
            },
            "faithfulness": {
                "integrated_gradients_deletion_advantage": number(0.41, 0.38, 0.44, 64),
                "integrated_gradients_stability_change": number(0.1, 0.08, 0.12, 64),
                "occlusion_deletion_advantage": number(0.3, 0.2, 0.4, 24),
            },
            "error_browser": {
                "sex": {"groups": {"Female": errors([seen]), "Male": errors([seen])}, "more_groups": 3}
            },
        }
    )


def verdict() -> Verdict:
    def result(check: Check, status: Any, reason: str, found: dict[str, Any]) -> CheckResult:
        bounds = {key: found[key] for key in ("value", "low", "high")}
        return CheckResult(
            check=check, status=status, reason=reason, **bounds, one_sided=tuple(found["one_sided"])
        )

    crossing = "the bounds 0.139 and 0.241 lie on both sides of the limit"
    return Verdict(
        status="fail",
        reason="one check fails, two are open",
        checks=(
            result(Check(metric="accuracy", min=0.84), "pass", "inside the limit", rate(0.862, 16281)),
            result(
                Check(metric="demographic_parity_difference", over="sex", max=0.2),
                "pass", "inside", rate(0.177, 16281),
            ),
            result(
                Check(metric="equalized_odds_difference", over=("sex", "race"), max=0.2),
                "inconclusive", crossing, rate(0.19, 163),
            ),
            result(
                Check(metric="selection_rate", over="sex", group="Female", min=0.1), "fail",
                "the upper bound 0.091 is below the limit", rate(0.085, 5421),
            ),
            result(
                Check(metric="kwh", max=0.05), "pass", "inside the limit",
                number(0.002994, 0.0022, 0.0044, 5, (0.0022, 0.0044)),
            ),
            CheckResult(
                check=Check(metric="epsilon", max=3.0), status="inconclusive",
                reason="the report has no epsilon",
            ),
        ),
    )  # fmt: skip


def stored(name: str) -> dict[str, Any]:
    """A sample that is too long to be written here."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_bytes())


def training() -> dict[str, Any]:
    history = [
        {"epoch": e, "train_loss": 0.3 + 0.4 / (e + 1), "validation_loss": 0.31 + 0.35 / (e + 1) + 0.002 * e}
        for e in range(12)
    ]
    engine = {"name": "in_process", "workers": 1}
    return {
        "stages": [
            {"name": "ingest", "seconds": 4.1, "cached": True, "kwh": 0.00009},
            {"name": "pretrain", "seconds": 41.7, "cached": False, "kwh": 0.0012, "epochs": 5},
            {
                "name": "train", "seconds": 145.2, "cached": False, "kwh": 0.0013, "epochs": 12,
                "best_epoch": 9,
                "engine": engine, "resumed_from": 4, "history": history,
            },
        ]
    }  # fmt: skip


def _of_kind(kind: str) -> dict[str, Findings]:
    """What a run found of the packaged examples; the other kinds have nothing."""
    names = {"binary": "robustness", "private": "robustness", "image": "robustness_image"}
    found = {"robustness": Findings(**stored(names[kind]))} if kind in names else {}
    return found | ({"privacy": Findings(**stored("privacy"))} if kind == "private" else {})


def sample(kind: str) -> dict[str, Any]:
    """One assembled report."""
    if kind == "bare":
        return assemble(
            model={"name": "bare", "task": "binary"}, card={}, data={"source": "predictions.parquet"},
            training=None,
            findings={},
            lineage={"artifacts": []}, evidence={}, missing={"/data/rows": "the file was not read"},
            created=CREATED, version=None,
        )  # fmt: skip
    image, task = kind == "image", {"image": "multiclass", "private": "binary"}.get(kind, kind)
    classes = {"binary": ["<=50K", ">50K"], "regression": []}.get(task, [str(i) for i in range(10)])
    n = 360 if image else 16281
    report = assemble(
        model={
            "name": "adult-income", "architecture": "mlp", "task": task, "classes": classes,
            "positive": ">50K" if task == "binary" else None, "parameters": 181250,
            "digest": DIGEST, "spec_digest": DIGEST[::-1],
        },
        card={
            "description": "Predicts from census answers whether a person earns above $50K a year.",
            "intended_use": "research on income statistics.",
            "out_of_scope": "credit, hiring or any decision about a person.",
        },
        data={
            "source": "builtin:adult", "digest": DIGEST, "rows": 48842, "target": "income",
            "splits": {"train": 29305, "validation": 3256, "test": 16281}, "sensitive": ["sex", "race"],
            "features": ["age", "workclass", "education"], "datasheet": stored("datasheet"),
            **({} if image else stored("row_audit")),
        },
        training=training(),
        findings={
            "performance": performance(task, classes, n),
            "explanation": explanation(image),
            "carbon": Findings(**stored("carbon")),
        }
        | _of_kind(kind)
        | ({} if kind == "regression" else {"calibration": calibration()})
        | ({} if image else {room: Findings(**stored(room)) for room in ("fairness", "slices")}),
        lineage={
            "artifacts": [{"kind": kind, "digest": DIGEST} for kind in ("dataset", "model", "calibrated")],
            "code": "0.1.0",
            "environment": {"python": "3.11.9", "libraries": {"torch": "2.13.0", "numpy": "2.4.6"}},
            "engine": {"name": "in_process", "workers": 1},
            "spec": {"name": "adult-income", "data": {"source": "builtin:adult"}},
        },
        evidence={"/performance": DIGEST, **({} if image else {"/fairness": DIGEST[::-1]})},
        missing={"/fairness": "The data has no sensitive columns."} if image else {},
        created=CREATED,
        version=3,
    )  # fmt: skip
    return with_policy(report, verdict()) if task == "binary" else report


PICTURES = {f"pictures/{row}.png": png() for row in range(6)}


@pytest.fixture(params=KINDS)
def report(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Every kind of sample in turn."""
    return sample(request.param)


@pytest.fixture
def binary() -> dict[str, Any]:
    """The fullest sample: policy, groups, intersections, baselines."""
    return sample("binary")


@pytest.fixture
def pictures() -> dict[str, bytes]:
    """Pictures of the image sample."""
    return PICTURES


@pytest.fixture
def make() -> Callable[[str], dict[str, Any]]:
    """The sample of a kind."""
    return sample
