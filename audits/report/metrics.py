"""What each metric is called, says in plain words, and cannot tell: the words of tables and glossary."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["METRICS", "Metric", "describe"]

Unit = Literal["share", "plain", "kwh", "kg"]


@dataclass(frozen=True)
class Metric:
    """Words for one metric; `better` is the direction or the value that one would wish for."""

    title: str
    unit: Unit
    better: Literal["higher", "lower", "zero", "one", "neither"]
    says: str
    cannot: str


_OTHER_METRIC = "Defined by the audit that measured it."
_ONE_SAMPLE = "How it would be on other data than this test split."

# fmt: off
METRICS: dict[str, Metric] = {
    "accuracy": Metric("Accuracy", "share", "higher",
        "Share of rows that were decided rightly.",
        "Which mistakes were made, and whether rare classes were found at all: beside it stands the "
        "majority class."),
    "balanced_accuracy": Metric("Balanced accuracy", "share", "higher",
        "Mean over the classes of the share found in each.",
        "How often a decision is right where classes are as unequal as they are in life."),
    "auroc": Metric("AUROC", "share", "higher",
        "Chance that a random positive row scores above a random negative one; 0.5 is a coin.",
        "Whether the scores are honest probabilities, or how good the chosen threshold is."),
    "average_precision": Metric("Average precision", "share", "higher",
        "Precision averaged over all thresholds, weighted by the recall each adds.",
        "Anything across data sets: its level without skill is the share of positives."),
    "f1": Metric("F1", "share", "higher",
        "Harmonic mean of precision and recall of the positive class.",
        "Anything about rows rightly rejected; it does not see them."),
    "macro_f1": Metric("F1, mean over classes", "share", "higher",
        "F1 of each class, averaged with equal weight.",
        "Which class pulls it down: see the table by class."),
    "precision": Metric("Precision", "share", "higher",
        "Of the rows decided positive, the share that is.",
        "How many positives were passed over."),
    "recall": Metric("Recall", "share", "higher",
        "Of the rows that are positive, the share decided so.",
        "How many others were decided positive too."),
    "specificity": Metric("Specificity", "share", "higher",
        "Of the rows that are negative, the share decided so.",
        "How many positives were passed over."),
    "macro_precision": Metric("Precision, mean over classes", "share", "higher",
        "Precision of each class, averaged with equal weight.",
        "Which class pulls it down: see the table by class."),
    "macro_auroc": Metric("AUROC, mean over classes", "share", "higher",
        "AUROC of each class against the rest, averaged with equal weight.",
        "Which two classes are mistaken for each other: see the confusion matrix."),
    "macro_average_precision": Metric("Average precision, mean over classes", "share", "higher",
        "Average precision of each class against the rest, averaged with equal weight.",
        "Anything across data sets: its level without skill is the share of each class."),
    "log_loss": Metric("Log loss", "plain", "lower",
        "Mean of −log of the probability given to the true class, in nats.",
        "Whether a bad value comes from a few confident mistakes or from many small ones."),
    "brier_score": Metric("Brier score", "plain", "lower",
        "Mean squared distance between probabilities and what happened.",
        "Whether ranking or calibration is at fault: it mixes both."),
    "expected_calibration_error": Metric("Expected calibration error", "share", "zero",
        "Mean distance between score and observed share over bins of scores, weighted by rows.",
        "Anything finer than the bins, and whether groups are off in opposite directions."),
    "mean_calibration_gap": Metric("Mean score minus observed share", "share", "zero",
        "Above 0 the scores promise too much on average, below 0 too little.",
        "Errors that cancel: too high for some, too low for others."),
    "maximum_calibration_error": Metric("Largest calibration error", "share", "zero",
        "Distance between score and observed share in the worst bin.",
        "How many rows lie there; a thin bin can be far off by chance."),
    "mean_absolute_error": Metric("Mean absolute error", "plain", "lower",
        "Mean distance to the truth, in the target's unit.",
        "Whether mistakes go upwards or downwards, and how large the worst are."),
    "root_mean_squared_error": Metric("Root mean squared error", "plain", "lower",
        "Like the mean absolute error, with large mistakes weighing more.",
        "The typical mistake, where a few are huge."),
    "mean_squared_error": Metric("Mean squared error", "plain", "lower",
        "Mean of the squared distance to the truth.",
        "The typical mistake: its unit is the target's, squared."),
    "median_absolute_error": Metric("Median absolute error", "plain", "lower",
        "Half of the mistakes are smaller.",
        "How bad the other half is."),
    "r2": Metric("R²", "plain", "higher",
        "Share of the target's variance that is explained; 0 is the mean, 1 is perfect.",
        "How large a mistake is in the target's unit."),
    "mean_error": Metric("Mean error", "plain", "zero",
        "Prediction minus truth on average: above 0 predicts too high.",
        "How large mistakes are: those upwards and downwards cancel."),
    "mean_prediction": Metric("Mean prediction", "plain", "neither",
        "What is predicted on average.",
        "Whether it is right; read it beside the mean error."),
    "selection_rate": Metric("Selection rate", "share", "neither",
        "Share of rows that receive the positive decision.",
        "Whether the decisions are right; equal rates can hide unequal mistakes."),
    "base_rate": Metric("Base rate", "share", "neither",
        "Share of rows whose true label is positive.",
        "Why groups differ: the label itself may carry old unfairness."),
    "true_positive_rate": Metric("True positive rate", "share", "higher",
        "Of those who deserve the positive decision, the share that receives it.",
        "Who receives it undeservedly."),
    "false_positive_rate": Metric("False positive rate", "share", "lower",
        "Of those who don't deserve the positive decision, the share that receives it.",
        "Who is wrongly refused."),
    "true_negative_rate": Metric("True negative rate", "share", "higher",
        "Of those who don't deserve the positive decision, the share that is refused.",
        "Who is wrongly refused."),
    "false_negative_rate": Metric("False negative rate", "share", "lower",
        "Of those who deserve the positive decision, the share that is refused.",
        "Who receives it undeservedly."),
    "positive_predictive_value": Metric("Positive predictive value", "share", "higher",
        "Of those who receive the positive decision, the share that deserves it.",
        "Who was passed over."),
    "negative_predictive_value": Metric("Negative predictive value", "share", "higher",
        "Of those refused, the share rightly refused.",
        "Who receives the positive decision undeservedly."),
    "demographic_parity_difference": Metric("Demographic parity difference", "share", "zero",
        "Largest gap in selection rate between two groups; 0 is parity.",
        "Whether decisions are right: read it beside the gaps in error rates."),
    "demographic_parity_ratio": Metric("Demographic parity ratio", "share", "one",
        "Lowest selection rate divided by the highest; 1 is parity, 0.8 the four-fifths rule of thumb.",
        "How large the gap is in people, where both rates are small."),
    "equalized_odds_difference": Metric("Equalized odds difference", "share", "zero",
        "The larger of the gaps in true and in false positive rate between two groups; 0 is equal mistakes.",
        "Which of the two rates it comes from: both stand in the tables."),
    "equalized_odds_ratio": Metric("Equalized odds ratio", "share", "one",
        "The smaller of the ratios of true and of false positive rates; 1 is equal mistakes.",
        "Which of the two rates it comes from; it swings where rates are near 0."),
    "average_odds_difference": Metric("Average odds difference", "share", "zero",
        "Mean of the gaps in true and in false positive rate between two groups.",
        "Which of the two rates it comes from: both stand in the tables."),
    "predictive_parity_difference": Metric("Predictive parity difference", "share", "zero",
        "Largest gap in positive predictive value between two groups; 0 is parity.",
        "Who was passed over."),
    "predictive_parity_ratio": Metric("Predictive parity ratio", "share", "one",
        "Lowest positive predictive value divided by the highest; 1 is parity.",
        "Who was passed over."),
    "equal_opportunity_difference": Metric("Equal opportunity difference", "share", "zero",
        "Largest gap in true positive rate between two groups; 0 is equal opportunity.",
        "Anything about those who receive the positive decision undeservedly."),
    "equal_opportunity_ratio": Metric("Equal opportunity ratio", "share", "one",
        "Lowest true positive rate divided by the highest; 1 is equal opportunity.",
        "Anything about those who receive the positive decision undeservedly."),
    "kwh": Metric("Energy of the whole run", "kwh", "lower",
        "Electricity that the stages used, metered or estimated.",
        "What making the machine cost, and what serving the model will."),
    "kg_co2e": Metric("Emissions of the whole run", "kg", "lower",
        "Energy times the grid's intensity, as CO₂ equivalent.",
        "What making the machine cost; the intensity is an average over a year."),
}
# fmt: on


def describe(name: str) -> Metric:
    """Words for a metric by its name in the report; a gap or a ratio of a known metric is derived from it."""
    if name in METRICS:
        return METRICS[name]
    base, _, kind = name.rpartition("_")
    known = METRICS.get(base)
    title = (
        known.title
        if known
        else (base if kind in ("difference", "ratio") else name).replace("_", " ").capitalize()
    )
    unit: Unit = known.unit if known else "plain"
    if kind == "difference":
        says = f"Largest gap in {_lower(title)} between two groups; 0 is none."
        return Metric(
            f"{title} difference",
            unit,
            "zero",
            says,
            "Which level the groups are at: see the table by group.",
        )
    if kind == "ratio":
        says = f"Lowest {_lower(title)} of a group divided by the highest; 1 is equal."
        return Metric(f"{title} ratio", "share", "one", says, "How large the gap is, where both are small.")
    return Metric(title, "plain", "neither", _OTHER_METRIC, _ONE_SAMPLE)


def _lower(title: str) -> str:
    """A title inside a sentence; abbreviations stay as they are."""
    return title if title[:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]
