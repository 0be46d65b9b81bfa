"""The ledger's tables; they may stand beside the registry's in one database."""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, Text

from ...exceptions import LedgerError
from ...registry.database import Contents
from ...registry.tables import refuse_changes

__all__ = ["LEDGER", "blocks", "entries"]

metadata = MetaData()

ledger_version = Table(
    "ledger_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)

# `body` holds canonical JSON as text: every database keeps the same bytes.
entries = Table(
    "ledger_entries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
refuse_changes(entries)

# Rows that the same data sets share: sorted keyed digests of 8 bytes, each kept once, however many share it.
blocks = Table(
    "ledger_blocks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("unit", String(200), nullable=False),
    Column("members", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("digests", LargeBinary, nullable=False),
)

LEDGER = Contents(
    what="privacy ledger",
    tables=metadata,
    version_table=ledger_version,
    version=1,
    error=LedgerError,
    lost="bring back the last backup of the ledger; without it nobody knows what was spent",
)
