"""The key and the last head: made once, private, and what happens when they or the ledger are gone."""

import sqlite3
import stat
from contextlib import closing

import pytest
from assay.platform.exceptions import LedgerError
from assay.platform.privacy.ledger.ledger import Ledger
from assay.platform.privacy.ledger.private_file import PrivateFile
from assay.platform.registry import database as database_module


def test_both_files_can_be_read_by_their_owner_alone(local, private):
    for file in private.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_key_is_in_no_database(local, private, path):
    key = (private / "ledger.key").read_text()
    assert len(bytes.fromhex(key)) == 32
    for file in path.parent.glob("ledger.db*"):
        content = file.read_bytes()
        assert key.encode() not in content
        assert bytes.fromhex(key) not in content


def test_keys_of_two_units_and_the_kept_name_are_unrelated(local, private):
    file = PrivateFile(private)
    keys = {local.row_key(), local.row_key("patient"), file.key(), bytes.fromhex(file.name() * 2)}
    assert len(keys) == 4
    assert local.row_key() == local.row_key()


def test_a_key_that_others_may_read_is_refused(local, private, run):
    (private / "ledger.key").chmod(0o640)
    with pytest.raises(LedgerError, match="chmod 600"):
        local.reserve("adult", run, run="one")


@pytest.mark.parametrize("content", ["", "not hexadecimal"])
def test_a_broken_key_is_refused(local, private, run, content):
    (private / "ledger.key").write_text(content)
    with pytest.raises(LedgerError, match=r"holds no key|isn't this ledger's"):
        local.reserve("adult", run, run="one")


def test_another_ledgers_key_is_refused(local, private, run):
    (private / "ledger.key").unlink()
    with pytest.raises(LedgerError, match="isn't this ledger's"):
        local.reserve("adult", run, run="one")


def test_a_broken_head_is_named(local, private):
    (private / "ledger.head").write_text("{}")
    with pytest.raises(LedgerError, match=r"ledger\.head can't be read"):
        local.head()


def test_a_ledger_that_vanished_is_not_begun_anew(local, path, run):
    for part in path.parent.glob("ledger.db*"):
        part.unlink()
    assert local.exists
    for act in (local.head, lambda: local.reserve("adult", run, run="one")):
        with pytest.raises(LedgerError, match="is gone; it had 2 entries"):
            act()
    assert not path.exists()


def test_before_the_first_data_set_there_is_no_ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'none.db'}", private=tmp_path)
    assert not ledger.exists
    with pytest.raises(LedgerError, match="no privacy ledger yet"):
        ledger.head()
    assert list(tmp_path.iterdir()) == []


def test_where_the_head_can_not_be_noted_the_run_does_not_start(local, private, run, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(LedgerError, match=r"No space left.*\n.*no training starts"):
        local.reserve("adult", run, run="one")
    monkeypatch.undo()
    (left,) = local.reservations()  # counted, and never begun
    local.release(left)
    assert local.spent("adult", delta=1e-5).epsilon == 0


def test_a_full_disk_is_named_and_nothing_was_reserved(local, path, run):
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]

    def fill() -> None:
        with local._shelf.writing() as book:
            book.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            book.write("version", reservation=0, version="x" * 100_000)

    with pytest.raises(LedgerError, match=r"privacy ledger at .*failed.*\n.*free space"):
        fill()
    assert local.head().number == 2
    local.reserve("adult", run, run="one")


def test_a_lock_that_is_not_given_back_is_named(local, path, run, monkeypatch):
    monkeypatch.setattr(database_module, "_BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="another process writes"):
            local.reserve("adult", run, run="one")
    assert local.reservations() == ()


def test_a_broken_file_is_not_moved_aside(local, path, run):
    for part in path.parent.glob("ledger.db-*"):
        part.unlink()
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 50)
    with pytest.raises(LedgerError, match="bring back the last backup"):
        local.reserve("adult", run, run="one")


def test_a_server_that_is_gone_is_named(private, run):
    ledger = Ledger("postgresql://user:secret@127.0.0.1:1/name", private=private)
    with pytest.raises(LedgerError, match="check that the database is there") as failed:
        ledger.reserve("adult", run, run="one")
    assert "secret" not in str(failed.value)
