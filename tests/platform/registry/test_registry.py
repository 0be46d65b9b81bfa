import pytest
from assay.platform.exceptions import (
    ModelError,
    RegistryError,
    SpecError,
    UsageError,
    VerificationError,
    VersionTakenError,
)
from assay.platform.registry import Registry, Verdict, identity_of
from assay.platform.registry.tables import metadata
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError


def passing(version, status="pass") -> Verdict:
    return Verdict(
        name=version.name,
        number=version.number,
        identity=version.identity,
        status=status,
        checks=[{"metric": "accuracy", "min": 0.8, "value": 0.86}],
        created=version.created,
    )


def test_reading_an_empty_registry_finds_nothing_and_makes_nothing(tmp_path):
    registry = Registry(f"sqlite:///{tmp_path / 'home' / 'registry.db'}")
    assert registry.models() == registry.versions("adult") == []
    assert registry.aliases("adult") == {}
    assert registry.next_version("adult", "x") == (1, False)
    assert list(tmp_path.iterdir()) == []


def test_versions_are_numbered_from_one_without_gaps(registry, version):
    for number in (1, 2, 3):
        made = version(number)
        assert registry.next_version("adult", made.identity) == (number, False)
        assert registry.register(made) == made
    assert [v.number for v in registry.versions("adult")] == [1, 2, 3]


def test_each_model_has_numbers_of_its_own(registry, version):
    registry.register(version(1, name="adult"))
    registry.register(version(1, name="digits"))
    assert [summary.latest.name for summary in registry.models()] == ["adult", "digits"]


def test_an_unchanged_rerun_finds_the_version_that_exists(registry, version):
    first = registry.register(version(1))
    registry.register(version(2))
    assert registry.next_version("adult", first.identity) == (1, True)
    assert registry.register(version(3, word="v1")) == first
    assert len(registry.versions("adult")) == 2


def test_a_number_that_is_taken_is_refused_so_that_the_caller_takes_the_next(registry, version):
    registry.register(version(1))
    with pytest.raises(VersionTakenError, match="2 is free"):
        registry.register(version(1, word="other"))
    registry.register(version(2, word="other"))
    assert len(registry.versions("adult")) == 2


def test_a_number_that_would_leave_a_gap_is_refused(registry, version):
    with pytest.raises(RegistryError, match="would leave a gap"):
        registry.register(version(2))
    assert registry.models() == []


def test_a_version_is_read_as_it_was_written(registry, version):
    made = version(1)
    registry.register(made)
    assert registry.version("adult") == registry.version("adult", 1) == registry.version("adult", "1") == made
    assert registry.version("adult", "latest") == made
    assert made.identity == identity_of(made.digests) == identity_of(dict(reversed(made.digests.items())))


@pytest.mark.parametrize("part", ["spec", "model", "audit", "policy"])
def test_a_version_is_another_when_any_part_changes(version, part):
    made = version(1)
    assert identity_of({**made.digests, part: "changed"}) != made.identity


def test_an_unknown_model_number_or_alias_is_a_usage_error_that_names_the_known(registry, version):
    with pytest.raises(ModelError, match="assay run"):
        registry.version("adult")
    registry.register(version(1))
    with pytest.raises(ModelError, match="did you mean 'adult'"):
        registry.version("adlut")
    for which in (2, 0, "2", "production"):
        with pytest.raises(ModelError, match="1 to 1, latest"):
            registry.version("adult", which)


@pytest.mark.parametrize("name", ["../adult", "", "a b", "adult'; DROP TABLE models; --"])
def test_a_name_that_can_not_be_a_path_is_refused_everywhere(registry, version, name):
    for call in (
        lambda: registry.register(version(1, name=name)),
        lambda: registry.next_version(name, "x"),
        lambda: registry.version(name),
        lambda: registry.promote(name, 1),
    ):
        with pytest.raises(SpecError):
            call()


@pytest.mark.parametrize("table", ["versions", "verdicts"])
@pytest.mark.parametrize("change", ["UPDATE {} SET created = 'never'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_a_version_or_a_verdict(registry, url, version, table, change):
    made = registry.register(version(1), verdict=passing(version(1)))
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with pytest.raises(DBAPIError, match="immutable"), engine.begin() as connection:
        connection.exec_driver_sql(change.format(table))
    engine.dispose()
    assert registry.version("adult") == made


def tamper(url: str, table: str, statement: str) -> None:
    """Change a row as someone would who first removes the triggers."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TRIGGER {table}_refuse_UPDATE")
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        "created = 'never'",
        "artifacts = '{}'",
        "details = '{\"accuracy\":1}'",
        "identity = 'x'",
        "digests = '{}'",
    ],
)
def test_a_version_changed_behind_the_registry_is_named(tmp_path, version, change):
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    Registry(url).register(version(1))
    tamper(url, "versions", f"UPDATE versions SET {change}")
    with pytest.raises(VerificationError, match="adult@1 was changed"):
        Registry(url).version("adult")


def test_a_verdict_changed_behind_the_registry_is_named_and_does_not_promote(tmp_path, version):
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    Registry(url).register(version(1), verdict=passing(version(1), "fail"))
    tamper(url, "verdicts", "UPDATE verdicts SET status = 'pass'")
    with pytest.raises(VerificationError, match="verdict of adult@1 was changed"):
        Registry(url).promote("adult", 1)


def test_a_passing_verdict_promotes(registry, version):
    registry.register(version(1), verdict=passing(version(1)))
    registry.register(version(2))
    assert registry.promote("adult", 1) == registry.version("adult", "production") == version(1)
    [summary] = registry.models()
    assert (summary.latest.number, summary.verdict, summary.aliases) == (2, None, {"production": 1})


@pytest.mark.parametrize("status", ["fail", "inconclusive"])
def test_any_other_verdict_is_refused_with_what_it_was(registry, version, status):
    registry.register(version(1), verdict=passing(version(1), status))
    with pytest.raises(UsageError, match=f"got: gate: {status}"):
        registry.promote("adult", 1)
    assert registry.aliases("adult") == {}


def test_without_a_verdict_nothing_is_promoted(registry, version):
    registry.register(version(1))
    with pytest.raises(UsageError, match="no verdict bound"):
        registry.promote("adult", 1)


def test_a_verdict_bound_to_other_digests_does_not_count(registry, version):
    registry.register(version(1))
    registry.verdict(Verdict(name="adult", number=1, identity=version(1, "other").identity, status="pass"))
    assert registry.verdict_on(version(1)) is None
    with pytest.raises(UsageError, match="no verdict bound"):
        registry.promote("adult", 1)


def test_the_last_verdict_counts(registry, version):
    registry.register(version(1), verdict=passing(version(1)))
    registry.verdict(passing(version(1), "fail"))
    assert registry.verdict_on(version(1)) == passing(version(1), "fail")
    assert registry.models()[0].verdict == passing(version(1), "fail")
    with pytest.raises(UsageError, match="gate: fail"):
        registry.promote("adult", 1)


def test_a_verdict_needs_its_version(registry, version):
    with pytest.raises(ModelError):
        registry.verdict(passing(version(1)))


def test_an_alias_points_where_it_was_last_put(registry, version):
    registry.register(version(1))
    registry.register(version(2))
    registry.alias("adult", "candidate", 2)
    registry.alias("adult", "candidate", 1)
    registry.alias("adult", "archive", 2)
    assert registry.aliases("adult") == {"archive": 2, "candidate": 1}
    assert registry.version("adult", "candidate").number == 1


def test_an_alias_that_means_a_passed_gate_can_not_be_set_by_hand(registry, version):
    registry.register(version(1), verdict=passing(version(1)))
    registry.register(version(2))
    with pytest.raises(UsageError, match="gate was passed"):
        registry.alias("adult", "production", 2)
    registry.promote("adult", 1, alias="staging")
    with pytest.raises(UsageError, match="gate was passed"):
        registry.alias("adult", "staging", 2)
    assert registry.aliases("adult") == {"staging": 1}


@pytest.mark.parametrize("alias", ["7", "latest", "../x", ""])
def test_an_alias_that_could_mean_something_else_is_refused(registry, version, alias):
    registry.register(version(1), verdict=passing(version(1)))
    for call in (registry.promote, lambda name, number, alias: registry.alias(name, alias, number)):
        with pytest.raises(SpecError):
            call("adult", 1, alias)


def test_version_and_verdict_are_written_together_or_not_at_all(registry, version):
    wrong = Verdict(name="adult", number=1, identity="x", status="perfect")
    with pytest.raises(RegistryError, match="adult@1 was refused"):
        registry.register(version(1), verdict=wrong)
    assert registry.models() == []


def test_every_table_has_a_primary_key():
    assert all(table.primary_key for table in metadata.tables.values())
