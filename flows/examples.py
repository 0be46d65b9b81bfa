"""Packaged specs that run offline: `assay init --example NAME` copies one out."""

from pathlib import Path

from ..platform.exceptions import UsageError, nearest

FOLDER = Path(__file__).parent / "specs"


def example_names() -> list[str]:
    """Names of the packaged specs."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def example_path(name: str) -> Path:
    """Path of a packaged spec.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in example_names():
        raise UsageError(
            "no such example", got=name, expected="a packaged example", mend=nearest(name, example_names())
        )
    return FOLDER / f"{name}.yaml"
