"""Accuracy under attack: of pixels, of numbers, of embeddings, with a check that gradients aren't masked.

Athalye, Carlini & Wagner, "Obfuscated gradients give a false sense of security" (2018), section 3.1,
https://arxiv.org/abs/1802.00420: where iterated attacks do no better than single steps, or noise does as
well as an attack, the gradient leads nowhere, and accuracy under attack says nothing of robustness.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from ..findings import Findings
from .attacks import Space, fgsm, noise, pgd
from .rates import Marks, overall
from .subject import Subject

__all__ = ["adversarial"]

_METRIC = "adversarial_accuracy"
_TOLERANCE = 0.01
"""Accuracy by which a stronger attack may seem weaker: a few rows go either way."""


def adversarial(subject: Subject, background: pa.Table) -> Findings:
    """FGSM, PGD and noise of the same size, at each size, in each space that the model has.

    Args:
        subject: a model with `module` and `inputs`, and the rows that are attacked.
        background: train rows, from which units and valid ranges are read.
    """
    place, config = "/adversarial", subject.config.robustness
    if subject.regression:
        return Findings(missing={place: "only decisions are attacked, not the values of a regression"})
    if not hasattr(subject.scorer, "module") or not hasattr(subject.scorer, "inputs"):
        return Findings(missing={place: "the model shows no gradients: attacks need a torch module"})
    subject.scorer.module.eval()
    spaces = dict(_spaces(subject, background))
    if not spaces:
        return Findings(missing={place: "the network has no pixels, numbers or tokens that could be moved"})
    middle = config.epsilons[len(config.epsilons) // 2]
    sections, marks = {}, {}
    for name, space in spaces.items():
        sections[name], marks[name] = _attack(subject, space, middle)
    first = next(iter(spaces))
    main = marks[first]
    measured = overall(main, subject.weight, subject.config.confidence)
    if measured is None:
        return Findings(missing={place: "too few rows"})
    grouped = subject.by_group({_METRIC: main})
    clean = overall(subject.clean, subject.weight, subject.config.confidence)
    facts = {"space": first, "epsilon": middle, "steps": config.steps}
    return Findings(
        values={
            "adversarial": {"n": len(subject.weight), "clean": clean, **facts, "spaces": sections},
            "metrics": {_METRIC: measured},
            **grouped.values,
        },
        missing=grouped.missing,
    )


def _attack(subject: Subject, space: Space, middle: float) -> tuple[dict[str, Any], Marks]:
    """All attacks in one space; the marks are those of PGD at the middle size."""
    config = subject.config.robustness
    y_true = torch.from_numpy(np.ascontiguousarray(subject.predictions.y_true).astype(np.int64))
    found: list[dict[str, Any]] = []
    marks: dict[tuple[str, float], Marks] = {}
    for epsilon in config.epsilons:
        points = {
            "noise": noise(space, epsilon, seed=config.seed),
            "fgsm": fgsm(space, y_true, epsilon),
            "pgd": pgd(space, y_true, epsilon, steps=config.steps, seed=config.seed),
        }
        for kind, moved in points.items():
            marks[kind, epsilon] = _marks(subject, space, moved)
            result = overall(marks[kind, epsilon], subject.weight, subject.config.confidence)
            found.append({"kind": kind, "level": epsilon, "result": result})
    longer = pgd(space, y_true, middle, steps=2 * config.steps, seed=config.seed)
    finished = _mean(_marks(subject, space, longer), subject)
    level = {key: _mean(each, subject) for key, each in marks.items()}

    def beats(kind: str) -> bool:
        """Whether PGD is as strong at every size, but for a few rows."""
        return all(level["pgd", e] <= level[kind, e] + _TOLERANCE for e in config.epsilons)

    checks = {
        "pgd_at_least_as_strong_as_fgsm": beats("fgsm"),
        "noise_weaker_than_pgd": beats("noise"),
        "twice_the_steps_change_little": level["pgd", middle] - finished <= _TOLERANCE,
        "accuracy_with_twice_the_steps": finished,
    }
    return {"attacks": found, "checks": checks}, marks["pgd", middle]


def _spaces(subject: Subject, background: pa.Table) -> Iterator[tuple[str, Space]]:
    """Pixels of images; of tables the numbers within their range in train, then the embedded columns."""
    scorer = subject.scorer
    inputs = scorer.inputs(subject.table)
    if subject.schema.modality == "image":
        pixels = getattr(getattr(scorer, "preprocessor", None), "pixels", None)
        if pixels is not None:
            yield "pixels", _pixels(scorer.module, inputs[0], pixels.mean, pixels.std)
        return
    if not hasattr(scorer.module, "from_tokens"):
        return
    known = scorer.inputs(background)
    if inputs[0].shape[1]:
        yield "numbers", _numbers(subject, inputs, known[0])
    with torch.no_grad():
        tokens, spread = scorer.module.tokens(*inputs), scorer.module.tokens(*known).std(dim=0)
    everywhere = torch.full_like(tokens, torch.inf)
    yield (
        "embeddings",
        Space(logits=scorer.module.from_tokens, start=tokens, unit=spread, low=-everywhere, high=everywhere),
    )


def _pixels(module: Any, start: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Space:
    """Units are the whole range from black to white, whatever the network's own scale."""
    middle, unit = (torch.tensor(v, dtype=start.dtype)[:, None, None] for v in (mean, std))
    return Space(
        logits=module,
        start=start,
        unit=(1 / unit).expand_as(start),
        low=(-middle / unit).expand_as(start),
        high=((1 - middle) / unit).expand_as(start),
    )


def _numbers(subject: Subject, inputs: tuple[Tensor, ...], known: Tensor) -> Space:
    """Units are deviations of the scaled numbers in train; indicators of missing cells stay as they are."""
    filled = torch.where(known.isnan(), known.nanmean(dim=0).nan_to_num(), known)
    features = getattr(getattr(subject.scorer, "preprocessor", None), "numeric", ())
    moves = [getattr(feature, "part", "value") == "value" for feature in features] or [True] * known.shape[1]
    # Numbers beyond the columns' own are indicators of categories, made where correlation is removed.
    moves += [False] * (known.shape[1] - len(moves))
    unit = filled.std(dim=0) * torch.tensor(moves, dtype=filled.dtype)
    module = subject.scorer.module

    def logits(numbers: Tensor) -> Tensor:
        return module(numbers, *inputs[1:])

    return Space(
        logits=logits,
        start=inputs[0],
        unit=unit.expand_as(inputs[0]),
        low=filled.amin(dim=0).expand_as(inputs[0]),
        high=filled.amax(dim=0).expand_as(inputs[0]),
    )


def _marks(subject: Subject, space: Space, points: Tensor) -> Marks:
    with torch.no_grad():
        outputs = space.logits(points).float().numpy()
    return subject.marks(subject.scorer.decide(_to_scores(subject.scorer)(outputs), subject.table))


def _to_scores(scorer: Any) -> Callable[[np.ndarray], np.ndarray]:
    """The model's own way from logits to scores, or softmax where it has none."""
    own = getattr(getattr(scorer, "postprocess", None), "scores", None)
    return own if own is not None else lambda outputs: torch.from_numpy(outputs).softmax(dim=1).numpy()


def _mean(marks: Marks, subject: Subject) -> float:
    return float(np.average(marks.values, weights=subject.weight))
