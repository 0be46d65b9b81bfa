"""The tables, and the triggers that make versions and verdicts immutable in the database itself."""

from sqlalchemy import (
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

SCHEMA_VERSION = 1

metadata = MetaData()

schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
)

models = Table(
    "models",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("created", String(40), nullable=False),
)

# digests, artifacts, details and checks hold canonical JSON as text: every database keeps the same bytes.
versions = Table(
    "versions",
    metadata,
    Column("name", ForeignKey("models.name"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("identity", String(64), nullable=False),
    Column("digests", Text, nullable=False),
    Column("artifacts", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("created", String(40), nullable=False),
    Column("checksum", String(64), nullable=False),
    UniqueConstraint("name", "identity"),
    CheckConstraint("number >= 1"),
)

aliases = Table(
    "aliases",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("alias", String(100), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("gated", Boolean, nullable=False),
    Column("created", String(40), nullable=False),
    ForeignKeyConstraint(["name", "number"], ["versions.name", "versions.number"]),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("number", Integer, nullable=False),
    Column("identity", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("checks", Text, nullable=False),
    Column("created", String(40), nullable=False),
    Column("checksum", String(64), nullable=False),
    ForeignKeyConstraint(["name", "number"], ["versions.name", "versions.number"]),
    CheckConstraint("status IN ('pass', 'fail', 'inconclusive')"),
)

_SQLITE_TRIGGER = """
CREATE TRIGGER {table}_refuse_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are immutable'); END
"""
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION assay_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% are immutable', TG_TABLE_NAME; END $$
"""
_POSTGRESQL_TRIGGER = """
CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION assay_refuse()
"""


def refuse_changes(*tables: Table) -> None:
    """Let the database itself refuse to change or delete a row of these tables."""
    for table in tables:
        for verb in ("UPDATE", "DELETE"):
            _after_create(table, _SQLITE_TRIGGER.format(table=table.name, verb=verb), "sqlite")
        _after_create(table, _POSTGRESQL_FUNCTION, "postgresql")
        _after_create(table, _POSTGRESQL_TRIGGER.format(table=table.name), "postgresql")


def _after_create(table: Table, statement: str, dialect: str) -> None:
    ddl = DDL(statement.replace("%", "%%"))
    event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


refuse_changes(versions, verdicts)
