"""Waivers: bound to a version and a check, never changed, and no way around anything else."""

import sqlite3
from dataclasses import replace

import pytest
from assay.platform.exceptions import ModelError, RegistryError, VerificationError
from assay.platform.registry import Registry, Verdict, Waiver, unwaived
from assay.platform.registry import waivers as module
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

CHECKS = [
    {"metric": "accuracy", "limit": {"min": 0.9}, "status": "fail", "value": 0.8, "reason": "too low"},
    {"metric": "accuracy", "limit": {"min": 0.5}, "status": "pass", "value": 0.8, "reason": "fine"},
]
ASKED = {"metric": "accuracy", "limit": {"min": 0.9}}


@pytest.fixture
def known(registry, version):
    """A registered version whose gate fails."""
    made = version()
    registry.register(
        made,
        verdict=Verdict(name=made.name, number=1, identity=made.identity, status="fail", checks=CHECKS),
    )
    return made


def waiver(of, **changes) -> Waiver:
    given = Waiver(
        name=of.name, number=of.number, identity=of.identity, check=ASKED, person="A. Person",
        reason="accepted", until="2999-12-31",
    )  # fmt: skip
    return replace(given, **changes)


def test_reading_makes_no_table_and_an_old_registry_gets_it_with_the_first_waiver(registry, known):
    assert registry.waivers.of(known) == []
    registry.waivers.give(waiver(known))
    found = registry.waivers.of(known)
    assert [(one.id, one.person, one.check) for one in found] == [(1, "A. Person", ASKED)]


def test_a_version_is_promoted_once_every_open_check_is_waived(registry, known):
    with pytest.raises(ModelError, match="can't be promoted"):
        registry.promote("adult", 1)
    registry.waivers.give(waiver(known, check={"metric": "accuracy", "limit": {"min": 0.95}}))
    with pytest.raises(ModelError, match="can't be promoted"):  # another limit
        registry.promote("adult", 1)
    registry.waivers.give(waiver(known, until="2020-01-01"))
    with pytest.raises(ModelError, match="can't be promoted"):  # over
        registry.promote("adult", 1)
    registry.waivers.give(waiver(known))
    assert registry.promote("adult", 1).number == 1


def test_a_waiver_says_nothing_of_another_version(registry, known, version):
    other = version(2)
    registry.register(
        other, verdict=Verdict(name="adult", number=2, identity=other.identity, status="fail", checks=CHECKS)
    )
    registry.waivers.give(waiver(known))
    assert registry.waivers.of(other) == []
    with pytest.raises(ModelError):
        registry.promote("adult", 2)


def test_a_revoked_waiver_is_gone_and_can_not_be_revoked_twice(registry, known):
    registry.waivers.give(waiver(known))
    assert registry.waivers.revoke(known, 1).person == "A. Person"
    assert registry.waivers.of(known) == []
    with pytest.raises(ModelError, match="no such waiver"):
        registry.waivers.revoke(known, 1)


def test_the_last_day_counts_and_the_day_after_does_not(known):
    verdict = Verdict(name="adult", number=1, identity=known.identity, status="fail", checks=CHECKS)
    given = [waiver(known, until="2026-05-31")]
    assert unwaived(verdict, given, on="2026-05-31") == []
    assert unwaived(verdict, given, on="2026-06-01") == [CHECKS[0]]


def test_a_verdict_without_checks_can_not_be_waived(known):
    verdict = Verdict(name="adult", number=1, identity=known.identity, status="inconclusive")
    assert unwaived(verdict, [waiver(known)], on="2026-01-01") == [{"status": "inconclusive"}]


def test_the_database_refuses_to_change_or_delete_a_waiver(registry, known):
    registry.waivers.give(waiver(known))
    registry.waivers.revoke(known, 1)
    database = registry.waivers._database
    for statement in (
        "UPDATE waivers SET until = '2999-01-01'",
        "DELETE FROM waivers",
        "DELETE FROM revocations",
    ):
        with (
            pytest.raises((IntegrityError, RegistryError), match="immutable"),
            database.writing() as connection,
        ):
            connection.execute(text(statement))


def test_a_waiver_that_was_changed_behind_the_databases_back_is_refused(tmp_path, version):
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    made = registry.register(version())
    registry.waivers.give(waiver(made, until="2020-01-01"))
    with sqlite3.connect(tmp_path / "registry.db") as connection:
        connection.execute("DROP TRIGGER waivers_refuse_UPDATE")
        connection.execute("UPDATE waivers SET until = '2999-01-01'")
    with pytest.raises(VerificationError, match="changed since it was written"):
        registry.waivers.of(made)


def test_what_is_asked_of_a_check_is_told_from_what_was_found():
    assert module.asked(CHECKS[0]) == ASKED
