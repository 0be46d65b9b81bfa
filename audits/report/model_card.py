"""The head of a Hugging Face model card: what a hub indexes.

https://huggingface.co/docs/hub/model-cards, https://huggingface.co/docs/hub/model-cards-co2
"""

from collections.abc import Mapping
from typing import Any

from .metrics import describe
from .taming import tame

__all__ = ["front_matter"]

_GRAMS = 1000.0
_TASKS = {
    ("image", "binary"): "image-classification",
    ("image", "multiclass"): "image-classification",
    ("tabular", "binary"): "tabular-classification",
    ("tabular", "multiclass"): "tabular-classification",
    ("tabular", "regression"): "tabular-regression",
    ("text", "binary"): "text-classification",
    ("text", "multiclass"): "text-classification",
}


def front_matter(report: Mapping[str, Any]) -> dict[str, Any]:
    """The YAML head as a dict, in the order in which it is written."""
    model, card = report["model"], report["card"]
    task = _TASKS.get((model.get("modality", "tabular"), model["task"]), "other")
    head: dict[str, Any] = {
        "library_name": "assay",
        "tags": ["assay", "audited", model["task"]],
        "pipeline_tag": task,
    }
    if card.get("license"):
        head["license"] = tame(card["license"])
    source = report["data"]["source"]
    if source.startswith("hf:"):
        head["datasets"] = [tame(source.removeprefix("hf:"))]
    results = _results(report, task)
    if results:
        head["metrics"] = [metric["type"] for metric in results[0]["metrics"]]
        head["model-index"] = [{"name": tame(model["name"]), "results": results}]
    emissions = _emissions(report)
    return head | ({"co2_eq_emissions": emissions} if emissions else {})


def _results(report: Mapping[str, Any], task: str) -> list[dict[str, Any]]:
    found = report.get("performance")
    if not found or not found["metrics"]:
        return []
    source = tame(report["data"]["source"])
    metrics = [
        {"type": name, "name": describe(name).title, "value": number["value"]}
        for name, number in found["metrics"].items()
    ]
    dataset = {"type": source, "name": source, "split": found["split"]}
    return [{"task": {"type": task}, "dataset": dataset, "metrics": metrics}]


def _emissions(report: Mapping[str, Any]) -> dict[str, Any]:
    found = report.get("carbon", {})
    if "kg_co2e" not in found:
        return {}
    grid = found.get("intensity", {})
    assumed = ", assumed because no country was declared" if grid.get("assumed") else ""
    complete = "" if found["complete"] else "; not every reading can be trusted"
    source = f"{found['method']}; grid intensity: {grid.get('source', 'not stated')}{assumed}{complete}"
    grams = float(f"{found['kg_co2e']['value'] * _GRAMS:.6g}")
    return {"emissions": grams, "source": tame(source)}
