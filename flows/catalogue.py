"""What can be named in a spec: the rooms' literal tables, as rows for `assay list`."""

from collections.abc import Callable
from typing import Any

from .examples import example_names
from .packaged_policies import policy_names, policy_summary


def catalogue(kind: str) -> list[dict[str, Any]]:
    """Rows of one table, each with `name` and `summary`."""
    return _TABLES[kind]()


def _architectures() -> list[dict[str, Any]]:
    from ..models.catalog import ARCHITECTURES

    return _parts(ARCHITECTURES)


def _pretraining() -> list[dict[str, Any]]:
    from ..models.catalog import PRETRAINING

    return _parts(PRETRAINING)


def _few_shot() -> list[dict[str, Any]]:
    from ..models.few_shot import FEW_SHOT

    return [
        {"name": name, "summary": part.summary, "paper": part.paper, "options": dict(part.options)}
        for name, part in FEW_SHOT.items()
    ]


def _parts(table: Any) -> list[dict[str, Any]]:
    from ..platform.privacy.parts import needs

    return [
        {
            "name": name,
            "summary": part.summary,
            "data": part.modality,
            "paper": part.paper,
            "options": dict(part.options),
            "dp": needs(part),
        }
        for name, part in table.items()
    ]


def _optimizers() -> list[dict[str, Any]]:
    from ..models.optimizers import OPTIMIZERS

    return _summaries(OPTIMIZERS)


def _schedules() -> list[dict[str, Any]]:
    from ..models.schedules import SCHEDULES

    return _summaries(SCHEDULES)


def _metrics() -> list[dict[str, Any]]:
    from ..audits.policy import METRICS

    return _summaries(METRICS)


def _explanations() -> list[dict[str, Any]]:
    from ..audits.explanation import METHODS

    return _summaries(METHODS)


def _mitigation() -> list[dict[str, Any]]:
    from ..platform.mitigation.methods import METHODS

    return _summaries(METHODS)


def _strategies() -> list[dict[str, Any]]:
    from ..platform.federated.methods import STRATEGIES

    return _methods(STRATEGIES)


def _adaptation() -> list[dict[str, Any]]:
    from ..platform.adaptation.methods import METHODS

    return _methods(METHODS)


def _robustness() -> list[dict[str, Any]]:
    from ..audits.robustness import TESTS

    return _summaries(TESTS)


def _datasets() -> list[dict[str, Any]]:
    from ..platform.data.sources import SCHEMES

    return _summaries(SCHEMES)


def _examples() -> list[dict[str, Any]]:
    from .examples import example_path

    return [
        {
            "name": name,
            "summary": example_path(name).read_text(encoding="utf-8").partition("\n")[0].lstrip("# "),
        }
        for name in example_names()
    ]


def _policies() -> list[dict[str, Any]]:
    return [{"name": name, "summary": policy_summary(name)} for name in policy_names()]


def _methods(table: Any) -> list[dict[str, Any]]:
    """Rows of a table of methods that have a paper and options."""
    return [
        {"name": name, "summary": method.summary, "paper": method.paper, "options": dict(method.options)}
        for name, method in table.items()
    ]


def _summaries(table: Any) -> list[dict[str, Any]]:
    """Rows of a table whose entries are records with a `summary`, callables with a docstring, or text."""
    return [{"name": name, "summary": _summary(entry)} for name, entry in table.items()]


def _summary(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    text = getattr(entry, "summary", None) or entry.__doc__ or ""
    return text.strip().partition("\n")[0]


_TABLES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "architectures": _architectures,
    "pretraining": _pretraining,
    "few_shot": _few_shot,
    "optimizers": _optimizers,
    "schedules": _schedules,
    "metrics": _metrics,
    "explanations": _explanations,
    "mitigation": _mitigation,
    "strategies": _strategies,
    "adaptation": _adaptation,
    "robustness": _robustness,
    "datasets": _datasets,
    "examples": _examples,
    "policies": _policies,
}
