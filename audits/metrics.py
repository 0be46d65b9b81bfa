"""Every metric that a policy may name: where it stands in the report, its range, and what it cannot tell."""

from dataclasses import dataclass
from math import inf
from typing import Literal

__all__ = ["GAPS", "GROUPED", "METRICS", "ROOMS", "Metric", "Section"]

Section = Literal[
    "performance",
    "group",
    "difference",
    "ratio",
    "calibration",
    "carbon",
    "data",
    "robustness",
    "robustness_group",
    "privacy",
    "privacy_group",
]
Better = Literal["higher", "lower", "neither"]

GAPS = {"difference": "differences", "ratio": "ratios"}
"""Sections that compare groups, and their keys in the report."""

ROOMS = ("performance", "calibration", "carbon", "robustness", "data", "privacy")
"""Sections whose numbers are about all rows, and their keys in the report."""

GROUPED = {"calibration": "calibration", "robustness": "robustness_group", "privacy": "privacy_group"}
"""Keys of the report whose `groups` hold groups of one column, and the section that stands there."""


@dataclass(frozen=True)
class Metric:
    """One metric; it may stand in several sections, such as accuracy overall and of each group."""

    summary: str
    blind: str
    """What it cannot tell."""
    range: tuple[float, float]
    better: Better
    sections: tuple[Section, ...]
    tasks: tuple[str, ...]


_ALL = ("binary", "multiclass", "regression")
_CLASSES = ("binary", "multiclass")
_BINARY = ("binary",)
_MULTI = ("multiclass",)
_VALUE = ("regression",)
_RATE = (0.0, 1.0)
_ERROR = (0.0, inf)
_SIGNED = (-inf, inf)
_ONE = ("performance",)
_BOTH = ("performance", "group")
_GROUP = ("group",)
_GAP = ("difference",)
_RATIO = ("ratio",)
_CALIBRATION = ("calibration",)
_CARBON = ("carbon",)
_DATA = ("data",)
_ROBUST = ("robustness",)
_ROBUST_TOO = ("robustness", "robustness_group")
_ROBUST_GROUP = ("robustness_group",)
_PRIVACY = ("privacy",)

# fmt: off
METRICS: dict[str, Metric] = {
    "accuracy": Metric("share of rows decided rightly",
        "which mistakes were made; a rare class may never be found", _RATE, "higher", _BOTH, _CLASSES),
    "balanced_accuracy": Metric("mean over classes of the share found in each",
        "how often a decision is right where classes are unequal", _RATE, "higher", _BOTH, _CLASSES),
    "precision": Metric("of the rows decided positively, the share that is positive",
        "how many positives were passed over", _RATE, "higher", _ONE, _BINARY),
    "recall": Metric("of the positive rows, the share decided so",
        "how many others were decided positively too", _RATE, "higher", _ONE, _BINARY),
    "f1": Metric("harmonic mean of precision and recall",
        "anything about rows rightly rejected", _RATE, "higher", _ONE, _BINARY),
    "auroc": Metric("chance that a positive row scores above a negative one",
        "whether scores are honest probabilities, or the threshold good", _RATE, "higher", _BOTH, _BINARY),
    "average_precision": Metric("precision averaged over the positives, each as the threshold",
        "anything across data sets: its level without skill varies", _RATE, "higher", _ONE, _BINARY),
    "macro_precision": Metric("precision of each class, averaged",
        "which class pulls it down", _RATE, "higher", _ONE, _MULTI),
    "macro_f1": Metric("F1 of each class, averaged",
        "which class pulls it down", _RATE, "higher", _BOTH, _MULTI),
    "macro_auroc": Metric("AUROC of each class against the rest, averaged",
        "which classes are confused with each other", _RATE, "higher", _ONE, _MULTI),
    "macro_average_precision": Metric("average precision of each class, averaged",
        "which class pulls it down", _RATE, "higher", _ONE, _MULTI),
    "log_loss": Metric("mean of -log of the score of the true class, in nats",
        "whether a few confident mistakes or many small ones make it", _ERROR, "lower", _ONE, _CLASSES),
    "brier_score": Metric("mean squared distance between scores and what happened",
        "whether ranking or calibration is at fault", (0.0, 2.0), "lower", _ONE, _CLASSES),
    "mean_absolute_error": Metric("mean distance to the truth, in the target's unit",
        "how large the worst mistakes are", _ERROR, "lower", _BOTH, _VALUE),
    "root_mean_squared_error": Metric("like the mean absolute error, large mistakes weighing more",
        "the typical mistake, where a few are huge", _ERROR, "lower", _BOTH, _VALUE),
    "r2": Metric("share of the target's variance that is explained",
        "how large a mistake is in the target's unit", (-inf, 1.0), "higher", _ONE, _VALUE),
    "mean_prediction": Metric("mean of the predictions",
        "whether they are right", _SIGNED, "neither", _GROUP, _VALUE),
    "mean_error": Metric("mean of prediction minus truth; above 0 predicts too high",
        "how large mistakes are: up and down cancel", _SIGNED, "neither", _GROUP, _VALUE),
    "selection_rate": Metric("share of rows that receive the positive decision",
        "whether the decisions are right", _RATE, "neither", _GROUP, _BINARY),
    "base_rate": Metric("share of rows whose truth is positive",
        "why groups differ: the label itself may carry old unfairness", _RATE, "neither", _GROUP, _BINARY),
    "true_positive_rate": Metric("of the positive rows, the share decided positively",
        "who is decided positively without being so", _RATE, "higher", _GROUP, _BINARY),
    "false_negative_rate": Metric("of the positive rows, the share decided negatively",
        "who is decided positively without being so", _RATE, "lower", _GROUP, _BINARY),
    "false_positive_rate": Metric("of the negative rows, the share decided positively",
        "who is passed over", _RATE, "lower", _GROUP, _BINARY),
    "true_negative_rate": Metric("of the negative rows, the share decided negatively",
        "who is passed over", _RATE, "higher", _GROUP, _BINARY),
    "positive_predictive_value": Metric("of the rows decided positively, the share that is positive",
        "who is passed over", _RATE, "higher", _GROUP, _BINARY),
    "negative_predictive_value": Metric("of the rows decided negatively, the share that is negative",
        "who is decided positively without being so", _RATE, "higher", _GROUP, _BINARY),
    "demographic_parity_difference": Metric("largest gap in selection rate; 0 is parity",
        "whether the decisions are right", _RATE, "lower", _GAP, _CLASSES),
    "equal_opportunity_difference": Metric("largest gap in true positive rate; 0 is equal opportunity",
        "anything about rows that are not positive", _RATE, "lower", _GAP, _CLASSES),
    "equalized_odds_difference": Metric("larger of the gaps in true and in false positive rate",
        "which of the two it comes from", _RATE, "lower", _GAP, _CLASSES),
    "average_odds_difference": Metric("mean of the gaps in true and in false positive rate",
        "a large gap in one rate, where the other has none", _RATE, "lower", _GAP, _CLASSES),
    "predictive_parity_difference": Metric("largest gap in positive predictive value",
        "who is passed over in each group", _RATE, "lower", _GAP, _CLASSES),
    "false_positive_rate_difference": Metric("largest gap in false positive rate",
        "anything about rows that are positive", _RATE, "lower", _GAP, _CLASSES),
    "accuracy_difference": Metric("largest gap in accuracy",
        "whether the mistakes are of the same kind", _RATE, "lower", _GAP, _CLASSES),
    "auroc_difference": Metric("largest gap in AUROC",
        "whether one threshold suits the groups alike", _RATE, "lower", _GAP, _BINARY),
    "balanced_accuracy_difference": Metric("largest gap in the mean recall over classes",
        "which class it comes from", _RATE, "lower", _GAP, _CLASSES),
    "macro_f1_difference": Metric("largest gap in the mean F1 over classes",
        "which class it comes from", _RATE, "lower", _GAP, _MULTI),
    "mean_prediction_difference": Metric("largest gap in mean prediction, in the target's unit",
        "whether the truth differs likewise", _ERROR, "lower", _GAP, _VALUE),
    "mean_error_difference": Metric("largest gap in mean error: who is predicted too high or too low",
        "how large mistakes are", _ERROR, "lower", _GAP, _VALUE),
    "mean_absolute_error_difference": Metric("largest gap in mean absolute error",
        "in which direction mistakes go", _ERROR, "lower", _GAP, _VALUE),
    "root_mean_squared_error_difference": Metric("largest gap in root mean squared error",
        "whether a few huge mistakes make it", _ERROR, "lower", _GAP, _VALUE),
    "demographic_parity_ratio": Metric("lowest selection rate over the highest; four-fifths rule: 0.8",
        "how large the gap is in people, where rates are small", _RATE, "higher", _RATIO, _CLASSES),
    "equal_opportunity_ratio": Metric("lowest true positive rate over the highest",
        "anything about rows that are not positive", _RATE, "higher", _RATIO, _CLASSES),
    "equalized_odds_ratio": Metric("smaller of the ratios of true and of false positive rates",
        "which of the two it comes from; swings where rates are near 0", _RATE, "higher", _RATIO, _CLASSES),
    "predictive_parity_ratio": Metric("lowest positive predictive value over the highest",
        "who is passed over in each group", _RATE, "higher", _RATIO, _CLASSES),
    "accuracy_ratio": Metric("lowest accuracy over the highest",
        "whether the mistakes are of the same kind", _RATE, "higher", _RATIO, _CLASSES),
    "expected_calibration_error": Metric("mean distance between score and observed rate, over bins",
        "anything finer than the bins", _RATE, "lower", _CALIBRATION, _CLASSES),
    "mean_calibration_gap": Metric("mean score minus observed rate; above 0 promises too much",
        "scores that are too high here and too low there", (-1.0, 1.0), "neither", _CALIBRATION, _CLASSES),
    "conformal_coverage": Metric("share of rows whose conformal set holds the truth",
        "how large the sets are, and what rows of another kind get", _RATE, "higher", _ROBUST_TOO, _ALL),
    "conformal_set_size": Metric("mean number of classes in a conformal set; below 1, some sets are empty",
        "whether the sets hold the truth", _ERROR, "lower", _ROBUST_TOO, _CLASSES),
    "conformal_interval_width": Metric("mean width of a conformal interval, in the target's unit",
        "whether the intervals hold the truth", _ERROR, "lower", _ROBUST_TOO, _VALUE),
    "group_conformal_coverage": Metric("the same coverage with a threshold of each group's own",
        "how large the sets became", _RATE, "higher", _ROBUST_GROUP, _ALL),
    "group_conformal_set_size": Metric("mean size of a conformal set with a threshold of each group's own",
        "whether the sets hold the truth", _ERROR, "lower", _ROBUST_GROUP, _CLASSES),
    "group_conformal_interval_width": Metric("mean interval width with a threshold of each group's own",
        "whether the intervals hold the truth", _ERROR, "lower", _ROBUST_GROUP, _VALUE),
    "selective_coverage": Metric("share of rows that are confident enough to be decided",
        "whether the decisions are right", _RATE, "neither", _ROBUST_TOO, _CLASSES),
    "selective_accuracy": Metric("accuracy on the rows that are confident enough to be decided",
        "how many are left undecided, and what becomes of them", _RATE, "higher", _ROBUST_TOO, _CLASSES),
    "area_under_risk_coverage": Metric("error among the most confident rows, averaged over how many are kept",
        "whether mistakes or their ranking make it", _RATE, "lower", _ROBUST, _CLASSES),
    "corruption_accuracy": Metric("accuracy on corrupted images, mean of 15 kinds at 5 severities",
        "how often such faults occur, and which of them hurts", _RATE, "higher", _ROBUST_TOO, _CLASSES),
    "worst_corruption_accuracy": Metric("accuracy under the corruption that hurts most",
        "how often that fault occurs", _RATE, "higher", _ROBUST, _CLASSES),
    "mean_corruption_error": Metric("errors on corrupted images over those of logistic regression",
        "how many mistakes either makes", _ERROR, "lower", _ROBUST, _CLASSES),
    "column_shift_accuracy": Metric("accuracy on noisy, shifted, rescaled and unseen values, mean of changes",
        "which shift will come: true labels are left as they were", _RATE, "higher", _ROBUST_TOO, _CLASSES),
    "worst_column_shift_accuracy": Metric("accuracy under the change of a column that hurts most",
        "whether that change will ever come", _RATE, "higher", _ROBUST, _CLASSES),
    "missing_value_accuracy": Metric("accuracy with cells emptied at random or by column, mean of changes",
        "values that go missing for a reason", _RATE, "higher", _ROBUST_TOO, _CLASSES),
    "worst_missing_value_accuracy": Metric("accuracy with the emptied cells that hurt most",
        "values that go missing for a reason", _RATE, "higher", _ROBUST, _CLASSES),
    "typo_accuracy": Metric("accuracy on text with typing errors, mean of kinds and rates",
        "other wording, and text that is meant to deceive", _RATE, "higher", _ROBUST_TOO, _CLASSES),
    "worst_typo_accuracy": Metric("accuracy under the kind and rate of typing errors that hurts most",
        "other wording, and text that is meant to deceive", _RATE, "higher", _ROBUST, _CLASSES),
    "corruption_error": Metric("mean absolute error on corrupted images, mean of kinds and severities",
        "how often such faults occur", _ERROR, "lower", _ROBUST_TOO, _VALUE),
    "worst_corruption_error": Metric("mean absolute error under the corruption that hurts most",
        "how often that fault occurs", _ERROR, "lower", _ROBUST, _VALUE),
    "column_shift_error": Metric("mean absolute error on changed columns, mean of changes",
        "which shift will come: true values are left as they were", _ERROR, "lower", _ROBUST_TOO, _VALUE),
    "worst_column_shift_error": Metric("mean absolute error under the change of a column that hurts most",
        "whether that change will ever come", _ERROR, "lower", _ROBUST, _VALUE),
    "missing_value_error": Metric("mean absolute error with emptied cells, mean of changes",
        "values that go missing for a reason", _ERROR, "lower", _ROBUST_TOO, _VALUE),
    "worst_missing_value_error": Metric("mean absolute error with the emptied cells that hurt most",
        "values that go missing for a reason", _ERROR, "lower", _ROBUST, _VALUE),
    "typo_error": Metric("mean absolute error on text with typing errors, mean of kinds and rates",
        "other wording, and text that is meant to deceive", _ERROR, "lower", _ROBUST_TOO, _VALUE),
    "worst_typo_error": Metric("mean absolute error under the typing errors that hurt most",
        "other wording, and text that is meant to deceive", _ERROR, "lower", _ROBUST, _VALUE),
    "adversarial_accuracy": Metric("accuracy under PGD of the middle size: pixels, else numbers, else tokens",
        "that no stronger attack exists: it is a bound from above", _RATE, "higher", _ROBUST_TOO, _CLASSES),
    "foreign_rows_auroc": Metric("chance that an own row scores above a foreign one, for the worst material",
        "anything about real rows from elsewhere: these are made here", _RATE, "higher", _ROBUST, _CLASSES),
    "label_leak": Metric("share of a constant guess's mistakes that the best single feature removes",
        "a leak that takes two columns; whether a feature is honestly so good", _RATE, "lower", _DATA, _ALL),
    "copied_rows": Metric("share of test rows that train or validation has too, beyond a recorded share",
        "rows that were copied and then changed", _RATE, "lower", _DATA, _ALL),
    "crossing_rows": Metric("share of test rows whose person-like key also stands in train or validation",
        "persons without a key, or with a key of their own in each row", _RATE, "lower", _DATA, _ALL),
    "absent_groups": Metric("groups that train or validation rows have and no test row",
        "groups that no split has", _ERROR, "lower", _DATA, _ALL),
    "epsilon": Metric("privacy loss that this model's training claims, at its delta",
        "what no epsilon covers, and other runs on the same rows", _ERROR, "lower", _PRIVACY, _ALL),
    "epsilon_cumulative": Metric("privacy loss of all runs on these rows that the ledger knows of",
        "runs that were charged to no ledger, or to another one", _ERROR, "lower", _PRIVACY, _ALL),
    "epsilon_lower": Metric("privacy loss that an attack by canaries has shown: it is at least that",
        "that a model is private: `detectable` is all it could have shown", _ERROR, "lower", _PRIVACY, _ALL),
    "mia_auc": Metric("chance that a train row looks more like one than a test row, to the strongest attack",
        "rows that are found surely where most are not; what a better attack would find", _RATE, "lower",
        ("privacy", "privacy_group"), _ALL),
    "mia_tpr": Metric("share of train rows found at the smallest false positive rate that was measured",
        "what smaller rates would show: they need more test rows", _RATE, "lower", _PRIVACY, _ALL),
    "kwh": Metric("electricity of all stages, in kWh",
        "what making the machine cost, and what predictions will", _ERROR, "lower", _CARBON, _ALL),
    "kwh_per_1000_predictions": Metric("electricity of 1,000 plain predictions, in kWh",
        "waiting machines, small batches, and the network between", _ERROR, "lower", _CARBON, _ALL),
    "kg_co2e": Metric("energy times the grid's intensity, in kg CO2e",
        "what making the machine cost; the intensity is a yearly average", _ERROR, "lower", _CARBON, _ALL),
}
# fmt: on
