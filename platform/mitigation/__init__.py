"""Bias mitigation: train, weigh or decide so that groups are treated more alike, and say what it costs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .operating_point import mitigate

__all__ = ["mitigate"]


def __getattr__(name: str) -> Any:
    if name == "mitigate":
        from .operating_point import mitigate

        return mitigate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
