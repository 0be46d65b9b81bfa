"""How it was made: stages, engine, learning curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..charts.curve import learning_curve
from ..document import (
    Block,
    Cell,
    Column,
    Count,
    Figure,
    Fold,
    Heading,
    Measure,
    Name,
    Prose,
    Row,
    Section,
    Table,
)
from ..figures import bound, count, duration, plain
from .absence import not_measured
from .checkpoint import checkpoint
from .clients import clients
from .sheet import LONGEST, sheet, title

__all__ = ["energy_cell", "training"]

_DRAWN = 3


def training(report: Mapping[str, Any]) -> Section:
    """A row a stage, then a curve for each stage that learned."""
    found = report.get("training")
    if found is None:
        return Section("training", "Training", (not_measured(report, "/training"),))
    blocks: list[Block] = [_stages(found["stages"])]
    if found.get("checkpoint"):
        blocks += checkpoint(report, found["checkpoint"])
    for stage in found["stages"]:
        if stage.get("evaluation"):
            blocks += _taught(stage["evaluation"])
        if stage.get("history"):
            blocks += _curve(stage)
    if found.get("federated"):
        blocks += clients(found["federated"])
    if found.get("settings"):
        blocks.append(Fold("Settings", tuple(sheet(found["settings"]))))
    return Section("training", "Training", tuple(blocks))


def energy_cell(kwh: Any) -> Cell:
    """A reading of energy, with its interval where there is one."""
    if kwh is None:
        return "unread"
    return Measure(kwh, "kwh") if isinstance(kwh, Mapping) else bound(kwh, "kwh")


def _stages(stages: Sequence[Mapping[str, Any]]) -> Table:
    heads = ["Stage", "Time", "Energy", "Epochs", "Engine", "Note"]
    rows = [_stage(stage) for stage in stages]
    kept = [i for i in range(len(heads)) if any(row[i] != "" for row in rows)]
    columns = tuple(Column(heads[i], "number" if i in (1, 2, 3) else "text") for i in kept)
    return Table(
        caption="Stages", columns=columns, rows=tuple(Row(tuple(row[i] for i in kept)) for row in rows)
    )


def _stage(stage: Mapping[str, Any]) -> tuple[Cell, ...]:
    engine, resumed = stage.get("engine"), stage.get("resumed_from")
    epochs = count(stage["epochs"]) if "epochs" in stage else ""
    if stage.get("best_epoch") is not None:
        epochs += f", kept {stage['best_epoch']}"
    workers = f", {engine['workers']} worker{'s' if engine['workers'] > 1 else ''}" if engine else ""
    notes = ["taken from the store"] if stage.get("cached") else []
    notes += [f"resumed after epoch {resumed}"] if resumed is not None else []
    return (
        (Name(stage["name"]),),
        duration(stage["seconds"]) if "seconds" in stage else "",
        energy_cell(stage.get("kwh")),
        epochs,
        (Name(engine["name"]), workers) if engine else "",
        ", ".join(notes),
    )


def _taught(found: Mapping[str, Any]) -> list[Block]:
    """What pretraining's representation is worth without further training, beside that of random weights."""
    names = {"knn": "20 nearest neighbours", "linear_probe": "Linear probe", "feature_std": "Spread"}
    kept = [name for name in names if name in found["after"]]
    columns = (Column("Representation"), *(Column(names[name], "number") for name in kept))
    rows = tuple(
        Row((label, *(plain(found[moment][name]) for name in kept)))
        for moment, label in (("before", "random weights"), ("after", "pretrained"))
    )
    metric = "accuracy" if found["metric"] == "accuracy" else "R²"
    caption = f"What pretraining taught: {metric} on {count(found['rows']['validation'])} validation rows"
    said = (
        "It has collapsed: nearly every row got the same representation."
        if found["collapsed"]
        else "A spread near zero would mean that every row got the same representation."
    )
    aside = "One seed, no interval; it doesn't say what fine-tuning reaches."
    return [Table(caption=caption, columns=columns, rows=rows), Prose(f"{said} {aside}", small=True)]


def _curve(stage: Mapping[str, Any]) -> list[Block]:
    history = stage["history"]
    keys = list(dict.fromkeys(key for entry in history for key in entry if key != "epoch"))
    losses = [key for key in keys if "loss" in key] or keys
    drawn = [key for key in losses if any(entry.get(key) is not None for entry in history)][:_DRAWN]
    blocks: list[Block] = [Heading(("Learning curve: ", Name(stage["name"])))]
    if drawn:
        names = [
            f"{how} {title(key).lower()}"
            for how, key in zip(("solid", "dashed", "dotted"), drawn, strict=False)
        ]
        caption: tuple[Any, ...] = (Name(", ".join(names)),)
        caption += (
            ("; the upright line is the epoch that was kept",) if stage.get("best_epoch") is not None else ()
        )
        blocks.append(Figure(learning_curve(history, drawn, stage.get("best_epoch")), caption))
    columns = (Column("Epoch", "number"), *(Column((Name(title(key)),), "number") for key in keys))
    rows = tuple(
        Row((Count(entry["epoch"]), *("" if entry.get(key) is None else plain(entry[key]) for key in keys)))
        for entry in history[:LONGEST]
    )
    more = f"; {len(history) - LONGEST} more in report.json" if len(history) > LONGEST else ""
    table = Table(caption=("Epochs of ", Name(stage["name"]), more), columns=columns, rows=rows)
    blocks.append(Fold(f"The {len(history)} epochs in numbers", (table,)))
    return blocks
