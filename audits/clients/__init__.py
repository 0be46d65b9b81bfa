"""Clients of a federated training: who is served worse, who contributed what, and who stands out."""

from .measure import measure

__all__ = ["measure"]
