"""Clients of a federated training: whom the global weights serve worse, who contributed what, who stands out."""

from .measure import measure

__all__ = ["measure"]
