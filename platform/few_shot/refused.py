"""What can't be had with few-shot learning, and what can: traits of a spec or its data, by their names."""

from collections.abc import Mapping

__all__ = ["ALLOWED", "METRICS", "REFUSED"]

_EPISODES = "an episode is a whole: its loss has no part for each row"
_SHARED = "it is told by classes that train and test rows share, and here they share none"

REFUSED: Mapping[str, tuple[str, str]] = {
    "a model from elsewhere": ("it was not trained here, and is audited as it is", "leave few_shot out"),
    "regression": ("there are no classes to learn", "leave few_shot out"),
    "tables": ("episodes were built and held against papers for images", "leave few_shot out"),
    "texts": ("episodes were built and held against papers for images", "leave few_shot out"),
    "privacy": (_EPISODES, "leave one of them out"),
    "federated": ("an episode's classes would lie with several clients", "leave one of them out"),
    "adapt": ("both domains would need the same classes", "leave one of them out"),
    "mitigate": ("there is no decision on fixed classes that could be made alike", "leave mitigate out"),
    "pretraining": (f"what pretraining is worth can't be said: {_SHARED}", "leave pretrain out"),
    "a checkpoint": ("nobody can say which test classes it has seen", "name an architecture of ours"),
    "several seeds": (f"variation over seeds can't be said: {_SHARED}", "set seeds to 1"),
    "several workers": (_EPISODES, "set train.workers to 1"),
    "train.label_fraction": ("classes that lose rows make no episodes", "leave train.label_fraction out"),
    "train.accumulate": (_EPISODES, "lower few_shot.train_way or few_shot.train_queries"),
    "train.label_smoothing": ("the losses of episodes know no smoothing", "leave train.label_smoothing out"),
    "train.layer_decay": ("nothing was pretrained whose layers differ", "leave train.layer_decay out"),
    "mixed images": ("an episode knows no mixture of two classes", "leave train.mixup and train.cutmix out"),
    "data.weight": ("an episode counts its rows alike", "leave data.weight out"),
    "a network fixed but for its head": ("nothing before its head learns", "take another model.architecture"),
}
"""Trait: why not, and what to do."""

ALLOWED = (
    "images",
    "train.ema",
    "train.precision: bf16",
    "train.schedule: plateau",
    "train.mode: scratch",
)

METRICS = ("accuracy", "kwh", "kg_co2e", "kwh_per_1000_predictions")
"""What a policy can limit of a few-shot model; other metrics are of fixed classes."""
