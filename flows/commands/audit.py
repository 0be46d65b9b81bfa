"""`assay audit`: a model, or predictions, that Assay did not make."""

from pathlib import Path
from typing import Annotated

import typer

from .answer import answer
from .options import HomeOption, JsonOption


def audit(
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A CSV, JSON or parquet file of predictions, any size."),
    ] = None,
    target: Annotated[str | None, typer.Option(help="Predictions: column of what was true.")] = None,
    prediction: Annotated[str | None, typer.Option(help="Predictions: column of what was decided.")] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(help="Predictions: column of the positive class's probability; or one for each class."),
    ] = None,
    sensitive: Annotated[
        list[str] | None, typer.Option(help="Column to audit fairness over; repeat it.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The class that counts as positive.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column of sample weights.")] = None,
    task: Annotated[str | None, typer.Option(help="binary, multiclass or regression.")] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A model: .skops, .onnx, .pt2, or a folder.")
    ] = None,
    spec: Annotated[Path | None, typer.Option(help="A model: the spec whose data it is audited on.")] = None,
    logits: Annotated[
        bool, typer.Option("--logits", help="A model: its outputs are logits, not probabilities.")
    ] = False,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML with limits under `policy:`, as in a spec.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name that the version is registered under.")] = None,
    home: HomeOption = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit 3 or 4 when the gate fails or is inconclusive.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Audit predictions in a file, or a model that Assay did not train, to a registered version."""
    from ...platform.exceptions import UsageError
    from ..external import audit_external, spec_of_model, spec_of_predictions

    if (predictions is None) == (model is None):
        raise UsageError("audit needs one of --predictions and --model", mend="assay audit --help")
    if predictions is not None:
        asked = spec_of_predictions(
            predictions, target=target, prediction=prediction, scores=tuple(score or ()),
            sensitive=tuple(sensitive or ()), positive=positive, weight=weight, task=task,
            policy=policy, name=name,
        )  # fmt: skip
    else:
        assert model is not None
        asked = spec_of_model(model, spec, logits=logits, policy=policy, name=name)
    answer(lambda shown: audit_external(asked, home=home, display=shown), json=json, gate=gate)
