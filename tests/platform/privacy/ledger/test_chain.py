"""Tampering with the ledger, and losing it: each is named."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from assay.platform.exceptions import LedgerError, VerificationError
from assay.platform.privacy.ledger.chain import Head
from assay.platform.privacy.ledger.ledger import Ledger
from sqlalchemy.exc import DBAPIError

REFUSING = (
    "ledger_entries_refuse_UPDATE",
    "ledger_entries_refuse_DELETE",
)


@pytest.fixture
def full(local, run) -> Ledger:
    """Entries: 1 key, 2 data set, 3 budget, 4 to 6 a run, 7 a reservation."""
    local.set_budget("adult", epsilon=4.0, delta=1e-5)
    local.settle(local.begin(local.reserve("adult", run, run="one")), run)
    local.reserve("adult", run, run="two")
    return local


def tamper(path: Path, statement: str, *values) -> None:
    """As someone would who can write to the file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for trigger in REFUSING:
            connection.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        connection.execute(statement, values)


def body(path: Path, number: int) -> dict:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT body FROM ledger_entries WHERE number = ?", (number,)).fetchone()
    return json.loads(found[0])


def test_a_chain_that_nobody_touched_is_whole_and_its_head_moves_on(full, path, private, run):
    before = full.verify_chain()
    assert before == full.head() == Ledger(f"sqlite:///{path}", private=private).head()
    assert before.number == 7
    full.reserve("adult", run, run="three")
    assert full.verify_chain(before) == full.head() != before
    assert set(before.to_json()) == {"number", "hash"}


def test_no_epsilon_of_a_run_is_kept_but_its_event(full, path, run):
    kept = body(path, 4)
    assert kept["event"] == run.to_json()
    assert "epsilon" not in json.dumps(kept)


def test_the_database_itself_refuses_to_change_an_entry(ledger):
    for statement in ("UPDATE ledger_entries SET body = '{}'", "DELETE FROM ledger_entries"):
        with (
            pytest.raises((LedgerError, DBAPIError), match="immutable"),
            ledger._shelf._database.writing() as connection,
        ):
            connection.exec_driver_sql(statement)
    ledger.verify_chain()


@pytest.mark.parametrize("number", [1, 2, 3, 5, 7])
def test_a_changed_entry_is_named(full, path, number):
    changed = {**body(path, number), "created": "2020-01-01T00:00:00+00:00"}
    tamper(path, "UPDATE ledger_entries SET body = ? WHERE number = ?", json.dumps(changed), number)
    with pytest.raises(VerificationError, match=f"entry {number} was changed") as found:
        full.verify_chain()
    assert found.value.exit_code == 5


def test_less_spent_than_was_is_found_before_anything_is_reserved(full, path, run):
    cheap = body(path, 6)
    cheap["event"]["count"] = 1
    tamper(path, "UPDATE ledger_entries SET body = ? WHERE number = 6", json.dumps(cheap))
    with pytest.raises(VerificationError, match="entry 6 was changed"):
        full.reserve("adult", run, run="three")


@pytest.mark.parametrize("column", ["hash", "previous"])
def test_a_changed_link_is_named(full, path, column):
    tamper(path, f"UPDATE ledger_entries SET {column} = ? WHERE number = 4", "0" * 63 + "1")
    with pytest.raises(VerificationError, match="entry 4 was changed"):
        full.verify_chain()


def test_a_deleted_entry_is_named(full, path):
    tamper(path, "DELETE FROM ledger_entries WHERE number = 5")
    with pytest.raises(VerificationError, match="has no entry 5"):
        full.verify_chain()


def test_entries_cut_off_at_the_end_are_missed(full, path):
    tamper(path, "DELETE FROM ledger_entries WHERE number > 5")
    with pytest.raises(VerificationError, match="ends at 5, this machine saw entry 7"):
        full.verify_chain()


def test_an_older_copy_of_the_ledger_is_found_out_here_and_by_a_report_elsewhere(full, path, private, run):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, path.with_name("older.db"))
    full.reserve("adult", run, run="three")
    reported = full.head()
    url = f"sqlite:///{path.with_name('older.db')}"
    with pytest.raises(VerificationError, match="lost entries"):
        Ledger(url, private=private).reserve("adult", run, run="four")
    (private / "ledger.head").unlink()
    with pytest.raises(VerificationError, match="a report saw entry 8"):
        Ledger(url, private=private).verify_chain(reported)


def test_a_chain_written_anew_is_found_out_by_a_head_from_before(full):
    with pytest.raises(VerificationError, match="its entry 5 isn't the one that a report saw"):
        full.verify_chain(Head(number=5, hash="f" * 64))


def test_changed_row_digests_are_named(full, path):
    full.verify_chain()
    tamper(path, "UPDATE ledger_blocks SET digests = ?", bytes(800))
    with pytest.raises(VerificationError, match="row digests of adult by record were changed"):
        full.verify_chain()


def test_rows_given_to_another_data_set_are_named(full, path, rows):
    full.register("other", digests=rows(50, 120))
    full.verify_chain()
    tamper(path, "UPDATE ledger_blocks SET members = '[\"other\"]' WHERE members LIKE '%adult%other%'")
    with pytest.raises(VerificationError, match="row digests of adult by record were changed"):
        full.verify_chain()


def test_rows_taken_from_a_data_set_are_missed_before_anything_is_reserved(full, path, run):
    tamper(path, "DELETE FROM ledger_blocks")
    with pytest.raises(VerificationError, match="row digests of adult by record were changed"):
        full.reserve("adult", run, run="three")
