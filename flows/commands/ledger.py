"""`assay ledger`: what was ever spent on data sets' privacy, and what may be."""

import math
from typing import Annotated, Any

import typer

from .options import HomeOption, JsonOption, print_json

ledger = typer.Typer(
    help="What was spent on data sets' privacy.", no_args_is_help=True, rich_markup_mode=None
)

_Dataset = Annotated[
    str, typer.Argument(metavar="DATASET", help="A source, such as csv:people.csv, or a name in the ledger.")
]
_Unit = Annotated[
    str, typer.Option("--unit", help="`record`, or the column that says whose row it is (privacy.unit).")
]
_DELTA = 1e-5


@ledger.command("list")
def list_(home: HomeOption = None, json: JsonOption = False) -> None:
    """Every data set that the ledger knows: what was spent on it, and its budget."""
    kept = _ledger(home)
    rows = [_facts(kept, unit, name) for unit, name, _ in kept.datasets()] if kept.exists else []
    if json:
        print_json(rows)
        return
    if not rows:
        typer.echo("no data set yet: a private run registers its own, `assay ledger set` any")
    for row in rows:
        typer.echo(_line(row))


@ledger.command("set")
def set_(
    dataset: _Dataset,
    epsilon: Annotated[float, typer.Option("--epsilon", help="The most that may ever be spent.")],
    delta: Annotated[float, typer.Option("--delta", help="At this delta, below 1 / rows.")] = _DELTA,
    unit: _Unit = "record",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Set the budget of a data set; runs that would exceed it are refused before they start."""
    kept = _ledger(home)
    name = _registered(kept, dataset, unit)
    kept.set_budget(name, epsilon=epsilon, delta=delta, unit=unit)
    _answer(_facts(kept, unit, name), json)


@ledger.command()
def show(
    dataset: _Dataset,
    unit: _Unit = "record",
    delta: Annotated[
        float | None, typer.Option("--delta", help="At which; the budget's, or 1e-5, without it.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """What was spent on one data set, run by run."""
    kept = _ledger(home)
    _answer(_facts(kept, unit, _known(kept, dataset, unit), delta), json)


@ledger.command()
def verify(home: HomeOption = None, json: JsonOption = False) -> None:
    """Check every entry of the ledger against the chain of hashes and what this machine saw of it."""
    head = _ledger(home).verify_chain()
    if json:
        print_json({"verified": True, "head": head.to_json()})
    else:
        typer.echo(f"verified: {head.number} entries, head {head.hash}")


def _ledger(home: Any) -> Any:
    from ..home import Home

    return Home.find(home).ledger()


def _registered(kept: Any, dataset: str, unit: str) -> str:
    """The ledger's name of a data set, which is registered where it is a source that isn't known yet."""
    from ...platform.data.config import DataConfig
    from ..charging import registered

    if kept.knows(dataset, unit=unit):
        return dataset
    return registered(kept, DataConfig(source=dataset), unit=unit)


def _known(kept: Any, dataset: str, unit: str) -> str:
    """The ledger's name of a data set that it knows, or what was given, which it then doesn't."""
    from ...platform.exceptions import DataError
    from ..charging import dataset_name

    if not kept.exists:
        raise DataError("there is no privacy ledger here", got=dataset, mend="`assay ledger set` begins one")
    return dataset if kept.knows(dataset, unit=unit) or ":" not in dataset else dataset_name(dataset)


def _facts(kept: Any, unit: str, name: str, delta: float | None = None) -> dict[str, Any]:
    """What was spent on one data set; null stands for what is infinite, or isn't there."""
    budget = next((b for kind, known, b in kept.datasets() if (kind, known) == (unit, name)), None)
    spent = kept.spent(name, unit=unit, delta=delta or (budget.delta if budget else _DELTA))
    return {
        "dataset": name,
        "unit": unit,
        "epsilon": _finite(spent.epsilon),
        "filtered": None if spent.filtered is None else _finite(spent.filtered),
        "delta": spent.delta,
        "budget": {"epsilon": budget.epsilon, "delta": budget.delta} if budget else None,
        "runs": [
            {
                "by": charge.label,
                "dataset": charge.dataset,
                "epsilon": _finite(charge.epsilon),
                "event": charge.event.to_json(),
            }
            for charge in spent.charges
        ],
    }


def _answer(facts: dict[str, Any], json: bool) -> None:
    """One data set with its runs."""
    if json:
        print_json(facts)
        return
    typer.echo(_line(facts))
    for run in facts["runs"]:
        alone = "without privacy" if run["epsilon"] is None else f"epsilon {run['epsilon']:.3f} by itself"
        typer.echo(f"  {run['by']:<24} {alone}, on {run['dataset']}")


def _line(facts: dict[str, Any]) -> str:
    budget, epsilon = facts["budget"], facts["epsilon"]
    spent = "without bound" if epsilon is None else f"{epsilon:.3f} at delta {facts['delta']:g}"
    limit = f"budget {budget['epsilon']:g} at delta {budget['delta']:g}" if budget else "no budget"
    return f"{facts['dataset']} by {facts['unit']}: epsilon {spent}, {len(facts['runs'])} runs, {limit}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
