"""Clients as the ledger's units: who is the same client in another run.

Clients that are the values of a column are the persons of that column: training that hides one hides the
other, and the ledger counts both together. Clients that a seed deals rows to are the same ones only where
everything that deals is the same: what hides one deal's clients bounds nothing for another's, and is no
privacy to it.
"""

import dataclasses
import hmac

import numpy as np

from ..platform.privacy.config import CLIENT, RECORD
from ..platform.privacy.ledger.ledger import Ledger
from ..platform.store import digest_of_json
from .spec import Spec

__all__ = ["deals_clients", "dealt_unit", "hides_clients", "hides_rows_of_clients", "register_dealt"]

_SHOWN = 12  # characters of a digest


def hides_clients(spec: Spec) -> bool:
    """Whether noise hides the clients of a federated training."""
    return spec.federated is not None and spec.privacy is not None and spec.privacy.unit == CLIENT


def hides_rows_of_clients(spec: Spec) -> bool:
    """Whether noise at the clients of a federated training hides their rows: to a ledger, rows like any."""
    return spec.federated is not None and spec.privacy is not None and spec.privacy.unit == RECORD


def deals_clients(spec: Spec) -> bool:
    """Whether it hides clients that a seed deals rows to: no value of a column tells whose a row is."""
    return hides_clients(spec) and spec.federated is not None and spec.federated.partition.by != "column"


def dealt_unit(spec: Spec) -> str:
    """How the ledger calls the clients of one deal: another name once anything that deals is another."""
    assert spec.federated is not None, "clients are dealt in federated training"
    deal = {
        "split": dataclasses.asdict(spec.data.split),
        "target": spec.data.target,
        "partition": dataclasses.asdict(spec.federated.partition),
        "clients": spec.federated.drawn_clients,
        "seed": spec.train.seed,
    }
    return f"{CLIENT} #{digest_of_json(deal)[:_SHOWN]}"


def register_dealt(ledger: Ledger, dataset: str, spec: Spec) -> None:
    """Make the clients of a deal known to the ledger, each under a digest of its number.

    Args:
        ledger: where.
        dataset: the ledger's name of the data that are dealt.
        spec: with the deal.
    """
    assert spec.federated is not None, "clients are dealt in federated training"
    unit = dealt_unit(spec)
    if ledger.knows(dataset, unit=unit):
        return
    key = ledger.row_key(unit)
    digests = [
        hmac.digest(key, f"{dataset}\x1f{client}".encode(), "sha256")[:8]
        for client in range(spec.federated.drawn_clients)
    ]
    ledger.register(dataset, digests=np.frombuffer(b"".join(digests), dtype="<u8"), unit=unit)
