"""What may be combined with what, as a literal table: yes, or refused with the reason.

A row names two traits that a spec, or its data, can have. Tests run every refusal to its exit code, and every
yes for at least a step.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..platform.exceptions import CombinationError
from ..platform.federated.private.strategies import (
    FOLLOWS,
    FURTHER,
    REWEIGHED,
    SUMMED,
    TOGETHER,
    TOLD_OF_SINGLE,
    UNNOISED,
)
from ..platform.federated.private.strategies import REFUSED as UNFED
from ..platform.federated.secure.refused import REFUSED as UNSUMMED
from ..platform.federated.secure.refused import SINGLE
from ..platform.few_shot import refused as few_shot
from ..platform.mitigation.methods import METHODS
from .spec import Spec
from .traits import OF_A_SPEC, OF_DATA

__all__ = ["COMBINATIONS", "Combination", "check_combinations"]


@dataclass(frozen=True)
class Combination:
    """Two traits; `refused` is why they can't be had together, empty where they can."""

    first: str
    second: str
    refused: str = ""
    mend: str = ""


_AGAIN = (
    "it trains once more on the same rows, without privacy: the epsilon wouldn't be that of what is published"
)
_ALONE = "its candidates are trained in this process, one after the other"
_NO_WEIGHTS = "the game that it plays knows no weights of rows, so it would answer for other people"
_ONE_WORKER = "set train.workers to 1, or take mitigate.method: threshold, which trains nothing"

_UNADAPTED = "its candidates would be trained without the other domain"

_POOLED = "its candidates would be trained on every client's rows in one place"

_BY_ITSELF = "take pretrain.method: masked_features with options: {replacement: uniform}, or mae"
_MIXING = {
    "scarf": "its loss tells each row from the other rows of its batch",
    "simclr": "its loss tells each image from the other images of its batch",
    "moco": "its loss tells each image from a queue of earlier ones",
    "byol": "it normalizes over the batch, so what is learned of an image depends on the others",
    "barlow_twins": "its loss is made of correlations over the batch",
    "vicreg": "its loss is made of variances and covariances over the batch",
    "mlm": "its loss is a mean over the tokens of all texts of a batch, however many each has",
    "clm": "its loss is a mean over the tokens of all texts of a batch, however many each has",
}
"""Methods whose loss has no part for each row, so that no row's part in it can be bounded."""

# fmt: off
COMBINATIONS: tuple[Combination, ...] = (
    Combination("mitigate", "a binary task"),
    Combination("mitigate", "a multiclass task",
        "what is made alike are rates of one positive decision", "leave mitigate out"),
    Combination("mitigate", "regression",
        "there is no decision whose rates could be made alike", "leave mitigate out"),
    Combination("mitigate", "a model from elsewhere",
        "it was not trained here, and is audited as it is", "leave mitigate out"),
    Combination("mitigate", "train.label_fraction"),
    Combination("mitigate", "pretraining"),
    Combination("mitigate", "several seeds"),
    Combination("mitigate.reweighing", "several workers", _ALONE, _ONE_WORKER),
    Combination("mitigate.reweighing", "data.weight"),
    Combination("mitigate.reweighing", "a linear probe"),
    Combination("mitigate.correlation_removal", "several workers", _ALONE, _ONE_WORKER),
    Combination("mitigate.correlation_removal", "pretraining",
        "it changes the features, and what was pretrained knows others", "leave pretrain out"),
    Combination("mitigate.correlation_removal", "images",
        "pixels are no columns", "take mitigate.method: threshold or reweighing"),
    Combination("mitigate.correlation_removal", "texts",
        "tokens are no columns", "take mitigate.method: threshold or reweighing"),
    Combination("mitigate.correlation_removal", "data.weight",
        "the fit that is taken out knows no weights of rows", "leave data.weight out"),
    Combination("mitigate.exponentiated_gradient", "several workers", _ALONE, _ONE_WORKER),
    Combination("mitigate.exponentiated_gradient", "data.weight", _NO_WEIGHTS,
        "take mitigate.method: threshold or reweighing"),
    Combination("mitigate.grid_search", "several workers", _ALONE, _ONE_WORKER),
    Combination("mitigate.grid_search", "data.weight", _NO_WEIGHTS,
        "take mitigate.method: threshold or reweighing"),
    Combination("mitigate.threshold", "several workers"),
    Combination("mitigate.threshold", "data.weight"),
    Combination("mitigate.adversarial", "several workers", _ALONE, _ONE_WORKER),
    Combination("mitigate.adversarial", "data.weight"),
    Combination("mitigate.adversarial", "a linear probe",
        "it has to change the whole network", "set train.mode to finetune"),
    Combination("mitigate.adversarial", "images",
        "it was built for columns", "take mitigate.method: threshold or reweighing"),
    Combination("mitigate.adversarial", "texts",
        "it was built for columns", "take mitigate.method: threshold or reweighing"),
    Combination("privacy", "a binary task"),
    Combination("privacy", "a multiclass task"),
    Combination("privacy", "regression"),
    Combination("privacy", "images"),
    Combination("privacy", "texts"),
    Combination("privacy", "a model from elsewhere",
        "how it was trained isn't known, so nothing can be promised of it", "leave privacy out"),
    Combination("privacy", "several seeds"),
    Combination("privacy", "several workers"),
    Combination("privacy", "train.label_fraction"),
    Combination("privacy", "train.precision: bf16"),
    Combination("privacy", "data.weight"),
    Combination("privacy", "mitigate.threshold"),
    Combination("privacy", "pretraining"),
    Combination("privacy", "a linear probe"),
    *(
        Combination("privacy", f"pretraining by {name}", why, _BY_ITSELF)
        for name, why in _MIXING.items()
    ),
    *(
        Combination("privacy", f"mitigate.{name}", _AGAIN, "take mitigate.method: threshold")
        for name, method in METHODS.items()
        if method.trains
    ),
    Combination("privacy.canary_rows", "a binary task"),
    Combination("privacy.canary_rows", "a multiclass task"),
    Combination("privacy.canary_rows", "regression",
        "a canary has a wrong label, and of values none is wrong for sure", "leave privacy.canary_rows out"),
    Combination("privacy.canary_rows", "images"),
    Combination("privacy.canary_rows", "data.weight"),
    Combination("privacy.canary_rows", "several seeds"),
    Combination("privacy.canary_rows", "several workers"),
    Combination("privacy.canary_rows", "persons as the unit",
        "a coin leaves out one row, and its person's other rows would stay", "leave privacy.canary_rows out"),
    Combination("privacy.canary_rows", "pretraining",
        "pretraining sees the rows that training leaves out", "leave one of them out"),
    Combination("privacy.canary_rows", "train.label_fraction",
        "a canary whose label isn't looked at isn't trained on", "leave one of them out"),
    Combination("federated pretraining", "privacy",
        "rounds of pretraining have neither noise nor account", "leave pretrain out"),
    Combination("federated", "privacy"),
    Combination("federated", "persons as the unit",
        "a person's rows may lie with several clients, whose noise would be that of one",
        "set privacy.unit to record, or to client"),
    *(
        Combination("rows of clients as the unit", trait)
        for trait in (
            "regression", "images", "data.weight", "several seeds", "train.label_fraction",
            "federated.contributions",
        )
    ),
    *(
        Combination("rows of clients as the unit", f"federated.strategy: {name}", why,
            "take another federated.strategy")
        for name, why in UNNOISED.items()
    ),
    Combination("rows of clients as the unit", "federated.secure", SUMMED, "leave federated.secure out"),
    Combination("rows of clients as the unit", "federated.personalize", FURTHER,
        "leave federated.personalize out"),
    Combination("rows of clients as the unit", "privacy.clipping: adaptive", FOLLOWS,
        "set privacy.clipping to flat or per_layer"),
    Combination("privacy.canary_rows", "rows of clients as the unit", REWEIGHED,
        "leave privacy.canary_rows out"),
    Combination("clients as the unit", "federated"),
    Combination("clients as the unit", "a multiclass task"),
    Combination("clients as the unit", "regression"),
    Combination("clients as the unit", "images"),
    Combination("clients as the unit", "texts"),
    Combination("clients as the unit", "train.label_fraction"),
    Combination("clients as the unit", "data.weight"),
    Combination("clients as the unit", "mitigate.threshold"),
    Combination("clients as the unit", "pretraining",
        "rounds of pretraining would need a part of the budget", "leave pretrain out"),
    Combination("privacy.canary_rows", "clients as the unit",
        "a coin leaves out a row, and its client would stay", "leave privacy.canary_rows out"),
    Combination("clients as the unit", "privacy.physical_batch",
        "no gradient of a single row is taken", "leave privacy.physical_batch out"),
    Combination("clients as the unit", "privacy.clipping: per_layer",
        "a client's change has one bound", "set privacy.clipping to flat or adaptive"),
    *(
        Combination("clients as the unit", f"federated.strategy: {name}", why,
            "set federated.strategy to fedavg, fedavgm or fedadam")
        for name, why in UNFED.items()
    ),
    *(
        Combination("clients as the unit", f"federated.{key}", TOLD_OF_SINGLE, f"leave federated.{key} out")
        for key in ("contributions", "outliers")
    ),
    Combination("clients as the unit", "federated.partition.minimum", TOGETHER,
        "set federated.partition.minimum to 1"),
    Combination("dealt clients as the unit", "several seeds",
        "each seed deals rows to other clients, and what hides the ones hides none of the others",
        "set seeds to 1, or let a column name the clients"),
    Combination("federated.contributions", "regression"),
    Combination("federated.contributions", "data.weight"),
    Combination("federated.contributions", "pretraining"),
    Combination("federated.outliers", "texts"),
    Combination("federated.secure", "a multiclass task"),
    Combination("federated.secure", "regression"),
    Combination("federated.secure", "images"),
    Combination("federated.secure", "texts"),
    Combination("federated.secure", "several seeds"),
    Combination("federated.secure", "train.label_fraction"),
    Combination("federated.secure", "mitigate.threshold"),
    Combination("federated.secure", "pretraining"),
    Combination("federated.secure", "data.weight",
        "a secure sum counts whole rows", "leave one of them out"),
    Combination("clients as the unit", "federated.secure",
        "the server couldn't hold each client to its bound, nor count it once", "leave one of them out"),
    *(
        Combination("federated.secure", f"federated.strategy: {name}", why,
            "set federated.strategy to fedavg, fedprox, fedavgm or fedadam")
        for name, why in UNSUMMED.items()
    ),
    *(
        Combination("federated.secure", f"federated.{key}", why, f"leave federated.{key} out")
        for key, why in SINGLE.items()
    ),
    Combination("federated.grid: deployment", "federated.secure"),
    Combination("federated.grid: deployment", "federated.outliers"),
    Combination("federated.grid: deployment", "federated.personalize"),
    Combination("federated.grid: deployment", "mitigate.threshold"),
    Combination("federated.grid: deployment", "regression"),
    Combination("federated.grid: deployment", "several seeds"),
    Combination("federated.grid: deployment", "federated.partition",
        "rows lie at the nodes, and nobody deals them", "leave federated.partition out"),
    Combination("federated.grid: deployment", "federated.contributions",
        "each coalition's weights would travel to every node and back, in every round",
        "leave federated.contributions out"),
    Combination("federated.grid: deployment", "train.label_fraction",
        "which labels are hidden is settled where rows are dealt, and nodes have theirs",
        "leave train.label_fraction and train.labels_per_class out"),
    Combination("federated.grid: deployment", "pretraining",
        "what it taught is told by rows of all clients in one place, and those of nodes stay where they are",
        "leave pretrain out"),
    Combination("rows of clients as the unit", "federated.grid: deployment",
        "what rows cost is accounted for in this process, which doesn't lead the nodes' rounds",
        "set federated.grid to in_process or ray"),
    Combination("clients as the unit", "federated.grid: deployment",
        "the noise and its account live in this process, and the server's app in another",
        "set federated.grid to in_process or ray"),
    Combination("federated", "a linear probe",
        "clients train every weight", "set train.mode to finetune"),
    Combination("federated", "pretraining"),
    Combination("federated", "pretraining by moco",
        "its queue holds views of one client's rows, which can't be averaged and must not be sent",
        "take pretrain.method: simclr or vicreg"),
    Combination("federated", "several workers",
        "clients are what runs side by side", "leave train.workers out, or set federated.grid to ray"),
    Combination("federated", "a model from elsewhere",
        "it was not trained here, and is audited as it is", "leave federated out"),
    Combination("federated", "several seeds"),
    Combination("federated", "data.weight"),
    Combination("federated", "train.label_fraction"),
    Combination("federated", "regression"),
    Combination("federated", "images"),
    Combination("federated", "texts"),
    Combination("federated", "mitigate.threshold"),
    *(
        Combination("federated", f"mitigate.{name}", _POOLED, "take mitigate.method: threshold")
        for name, method in METHODS.items()
        if method.trains
    ),
    Combination("adapt", "a model from elsewhere",
        "it was not trained here, and is audited as it is", "leave adapt out"),
    Combination("adapt", "privacy",
        "its penalty is made of whole batches, so no row's part in it can be bounded", "leave adapt out"),
    Combination("adapt", "federated",
        "rows of the other domain would lie with no client", "leave one of them out"),
    Combination("adapt", "several workers",
        "features of whole batches are compared, and a worker has a part", "set train.workers to 1"),
    Combination("adapt", "train.accumulate",
        "features of whole batches are compared, not of parts", "leave train.accumulate out"),
    Combination("adapt", "a linear probe",
        "features that don't learn can't become alike", "set train.mode to finetune, gradual or lora"),
    Combination("adapt", "a network fixed but for its head",
        "features that don't learn can't become alike", "take another model.architecture"),
    Combination("adapt", "mixed images",
        "mixtures of one domain tell it from the other", "leave train.mixup and train.cutmix out"),
    *(
        Combination("adapt", f"mitigate.{name}", _UNADAPTED, "take mitigate.method: threshold")
        for name, method in METHODS.items()
        if method.trains
    ),
    Combination("adapt", "mitigate.threshold"),
    Combination("adapt", "pretraining"),
    Combination("adapt", "train.mode: lora"),
    Combination("adapt", "train.mode: gradual"),
    Combination("adapt", "train.ema"),
    Combination("adapt", "train.label_fraction"),
    Combination("adapt", "data.weight"),
    Combination("adapt", "several seeds"),
    Combination("adapt", "regression"),
    Combination("adapt", "a multiclass task"),
    Combination("adapt", "images"),
    Combination("adapt", "texts"),
    *(Combination("few_shot", trait, why, mend) for trait, (why, mend) in few_shot.REFUSED.items()),
    *(Combination(trait, "few_shot") for trait in few_shot.ALLOWED),
    Combination("privacy", "train.mode: lora"),
    Combination("privacy", "train.ema"),
    Combination("privacy", "train.mode: gradual",
        "what a step clips has to be the same in every step", "set train.mode to finetune or lora"),
    Combination("privacy", "mixed images",
        "each row needs a gradient of its own", "leave train.mixup and train.cutmix out"),
    Combination("privacy", "train.accumulate",
        "privacy.physical_batch does the same", "leave train.accumulate out"),
    Combination("privacy", "train.schedule: plateau",
        "a rate that follows validation rows tells of them", "set train.schedule to constant or one_cycle"),
    Combination("several workers", "train.mode: gradual",
        "workers agree on what they share before the first step", "set train.workers to 1"),
    Combination("train.token_dropout", "a linear probe",
        "its head sees each text's representation alone", "leave train.token_dropout out"),
    Combination("train.token_dropout", "privacy"),
    Combination("train.token_dropout", "federated"),
    Combination("train.token_dropout", "adapt"),
    Combination("train.token_dropout", "images",
        "pixels are no tokens", "set train.augment, or leave train.token_dropout out"),
    Combination("train.token_dropout", "a checkpoint",
        "its tokenizer has codes of its own, of which none is known to be [UNK]",
        "leave train.token_dropout out"),
    Combination("mixed images", "a linear probe",
        "its head sees each image's representation alone", "leave train.mixup and train.cutmix out"),
    Combination("views by name", "a linear probe",
        "its head sees each image's representation alone", "leave train.augment out"),
    Combination("views by name", "tables", "only images have views", "leave train.augment out"),
    Combination("texts", "views by name", "only images have views", "leave train.augment out"),
    Combination("mixed images", "regression",
        "what is mixed are labels of classes", "leave train.mixup and train.cutmix out"),
    Combination("a checkpoint", "pretraining",
        "its weights are pretrained already, and pretraining here would begin with others",
        "leave pretrain out"),
    Combination("a checkpoint", "privacy",
        "no test has held the gradients of its rows against plain ones",
        "take an architecture that `assay list architectures` says can be private"),
    Combination("a checkpoint", "federated",
        "a round would carry all of its weights to every client and back",
        "leave federated out, or take an architecture of `assay list architectures`"),
    Combination("a checkpoint", "a linear probe"),
    Combination("a checkpoint", "train.mode: gradual"),
    Combination("a checkpoint", "train.mode: lora"),
    Combination("a checkpoint", "train.mode: scratch"),
    Combination("a checkpoint", "texts"),
    Combination("a checkpoint", "images"),
    Combination("a checkpoint", "several seeds"),
    Combination("a checkpoint", "mitigate.threshold"),
    Combination("a checkpoint", "mitigate.reweighing"),
    Combination("a checkpoint", "adapt"),
    Combination("a module of one's own", "several workers",
        "permission to run its code is given to this process, and to no other", "set train.workers to 1"),
    Combination("a module of one's own", "train.mode: scratch",
        "what fresh weights of it are, only its factory knows", "set train.mode to finetune"),
    Combination("a module of one's own", "regression"),
    Combination("a module of one's own", "a multiclass task"),
    Combination("pretraining", "a network fixed but for its head",
        "there is nothing in it that pretraining could teach", "leave pretrain out"),
)
# fmt: on


def check_combinations(spec: Spec, schema: Mapping[str, Any] | None = None) -> None:
    """Refuse what can't be had together.

    Args:
        spec: what is asked for.
        schema: of the data, as JSON, once they are read.

    Raises:
        CombinationError: two traits are refused together; nothing was trained.
    """
    traits = {name for name, holds in OF_A_SPEC.items() if holds(spec)}
    if schema is not None:
        traits |= {name for name, holds in OF_DATA.items() if holds(schema)}
    refuse(traits)


def refuse(traits: Iterable[str]) -> None:
    """Raise for the first refused pair among traits.

    Raises:
        CombinationError: there is one.
    """
    present = set(traits)
    for row in COMBINATIONS:
        if row.refused and {row.first, row.second} <= present:
            raise CombinationError(
                f"{row.first} can't be had with {row.second}",
                got=f"{row.first} and {row.second}",
                expected=f"one of them: {row.refused}",
                mend=row.mend,
            )
