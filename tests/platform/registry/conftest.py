"""Registries on each database, and versions to put into them."""

import pytest
from assay.platform.registry import Registry, Version

LONG_AGO = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def registry(url) -> Registry:
    return Registry(url)


@pytest.fixture
def version():
    """Function that makes a version whose parts follow from one word."""

    def make(number: int = 1, word: str | None = None, name: str = "adult") -> Version:
        word = f"v{number}" if word is None else word
        digests = {part: f"{part} {word}" for part in ("spec", "model", "audit", "policy")}
        artifacts = {"calibrated": "k" * 64}
        return Version(name=name, number=number, digests=digests, artifacts=artifacts, created=LONG_AGO)

    return make
