"""What was publicly known of Adult's columns before anybody looked at a row: for `declared_preprocessor`.

Categories are those of the data set's own description. Numbers have the survey's limits: adults from 17 on,
with ages above 90 recorded as 90, hours up to 99, sixteen levels of schooling, gains up to $99,999. Edges are
round numbers, and few: with differential privacy each bin has a weight, and each weight its noise.
"""

from pathlib import Path

from ..config import CodebookConfig

__all__ = ["CATEGORICAL", "NUMBERS", "categories", "codebook"]

_NAMES = Path(__file__).parent / "adult" / "adult.names"

NUMBERS: dict[str, tuple[float, ...]] = {
    "age": (17, *range(20, 91, 5)),
    "education-num": tuple(range(1, 17)),
    "capital-gain": (0, 1, 2_000, 4_000, 6_000, 8_000, 10_000, 15_000, 20_000, 99_999),
    "capital-loss": (0, 1, 1_000, 1_500, 2_000, 2_500, 3_000, 5_000),
    "hours-per-week": (1, *range(10, 61, 5), 80, 99),
}
"""Edges of bins; the first and the last are the limits."""

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


def codebook() -> CodebookConfig:
    """All of it, as a spec would have it."""
    return CodebookConfig(numbers=NUMBERS, categories=categories())
