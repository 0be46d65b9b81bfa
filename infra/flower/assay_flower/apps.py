"""The two apps, by the names that `pyproject.toml` gives them."""

from assay.platform.federated.deployment import client, server

__all__ = ["client", "server"]
