"""Which stage's artifact is the model of a run: the one that is audited, registered and predicted with."""

from collections.abc import Container

#: Stages that end with a model that can be used, the last of the chain first.
_ENDINGS = ("mitigate", "calibrate", "import", "train")


def final_model(stages: Container[str]) -> str:
    """The stage whose artifact is the model.

    Args:
        stages: names of the stages that a run, a report or a version has.
    """
    return next(stage for stage in _ENDINGS if stage in stages)
