"""What was publicly known of Adult's columns before anybody looked at a row: for `declared_preprocessor`.

Categories are those of the data set's own description. Numbers have the survey's limits: adults from 17 on,
with ages above 90 recorded as 90, hours up to 99, sixteen levels of schooling, gains up to $99,999. Edges are
round amounts, chosen without the data.
"""

from pathlib import Path

__all__ = ["CATEGORICAL", "NUMBERS", "categories"]

_NAMES = Path(__file__).parent / "adult" / "adult.names"

NUMBERS: dict[str, tuple[float, ...]] = {
    "age": (17, 90),
    "education-num": tuple(range(1, 17)),
    "capital-gain": (0, 1, *range(1_000, 20_001, 1_000), 30_000, 50_000, 99_999),
    "capital-loss": (0, 1, *range(250, 5_001, 250)),
    "hours-per-week": (1, 99),
}
"""Two values are a range; more are edges of bins."""

CATEGORICAL = (
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native-country",
)


def categories() -> dict[str, tuple[str, ...]]:
    """Every category of every categorical column, as `adult.names` lists them."""
    lines = (line.partition(":") for line in _NAMES.read_text(encoding="utf-8").splitlines())
    listed = {name: values.strip().removesuffix(".") for name, colon, values in lines if colon}
    return {name: tuple(listed[name].split(", ")) for name in CATEGORICAL}
