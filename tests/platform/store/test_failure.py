"""Disk full, store read-only, a folder that can't be read: a clear error, nothing half-made."""

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from assay.platform.exceptions import StoreError
from assay.platform.store import Store

NOBODY = 65534


def publish(store, key, recipe, data=b"data"):
    with store.publish(key, **recipe) as draft:
        (draft.path / "folder").mkdir()
        (draft.path / "folder" / "data").write_bytes(data)
    return draft.artifact


@contextmanager
def unprivileged():
    """Root may write everywhere; act as nobody while it matters."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def reachable(store, key, recipe):
    """A store with one artifact, in a folder that nobody may read but not write."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    publish(Store(folder / "store"), key, recipe)
    for path in [*folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield Store(folder / "store")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o700)
    shutil.rmtree(folder)


@pytest.mark.parametrize("call", range(6))
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_at_any_fsync_leaves_nothing(
    store, key, recipe, leftovers, monkeypatch, call, number
):
    calls, fsync = [], os.fsync

    def failing(descriptor):
        calls.append(descriptor)
        if len(calls) == call + 1:
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    if call < 4:  # data, manifest, two folders
        with pytest.raises(StoreError, match="run again: finished stages are kept"):
            publish(store, key, recipe)
        assert leftovers() == []
    elif call == 4:  # after the rename the artifact is whole, though not certain to survive a power cut
        with pytest.raises(StoreError):
            publish(store, key, recipe)
        assert store.get(key)
    assert publish(store, key, recipe) == store.get(key)


def test_a_file_system_that_refuses_a_long_file_leaves_nothing(store, key, recipe, leftovers):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(StoreError, match="free space"):
            publish(store, key, recipe, b"x" * 8192)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert leftovers() == []
    assert publish(store, key, recipe, b"x" * 8192)


def test_a_disk_that_is_really_full_leaves_nothing(tmp_path, key, recipe):
    mounted = tmp_path / "small"
    mounted.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mounted], capture_output=True
    ).returncode:
        pytest.skip("mounting a small file system isn't allowed here")
    try:
        store = Store(mounted / "store")
        with pytest.raises(StoreError, match="No space left on device"):
            publish(store, key, recipe, b"x" * 2_000_000)
        assert list((store.root / "drafts").iterdir()) == []
        assert publish(store, key, recipe, b"x" * 1000)
    finally:
        subprocess.run(["umount", mounted], check=True)


def test_a_full_disk_that_only_a_library_saw_is_explained(store, key, recipe):
    with pytest.raises(StoreError, match="free space"), store.publish(key, **recipe):
        raise RuntimeError("I/O error: No space left on device (os error 28)")


def test_a_missing_input_of_the_stage_is_not_the_stores_to_explain(store, key, recipe, tmp_path, leftovers):
    with pytest.raises(FileNotFoundError), store.publish(key, **recipe):
        (tmp_path / "input.csv").read_bytes()
    assert leftovers() == []


def test_a_read_only_store_is_read_and_not_written(reachable, key, recipe):
    with unprivileged():
        assert reachable.get(key).digest
        other = {**recipe, "code": "other"}
        with pytest.raises(StoreError, match="make it writable"):
            publish(reachable, _key(other), other)
        with pytest.raises(StoreError, match="make it writable"):
            reachable.scratch(key)


def test_a_corrupt_artifact_of_a_read_only_store_is_reported_and_stays(reachable, key):
    path = reachable.get(key).path / "folder" / "data"
    path.chmod(0o644)
    path.write_bytes(b"rotten")
    with unprivileged():
        assert reachable.lookup(key) is None
    assert reachable.warnings[0].moved_to is None
    assert path.exists()


def test_a_file_that_may_not_be_read_is_an_error_and_no_corruption(reachable, key):
    (reachable.get(key).path / "folder" / "data").chmod(0o000)
    with unprivileged(), pytest.raises(StoreError, match="make it writable"):
        reachable.lookup(key)
    assert reachable.warnings == []


def test_a_file_in_the_place_of_the_store_is_an_error(tmp_path, key, recipe):
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match="check the disk and the folder"):
        publish(Store(tmp_path / "store"), key, recipe)


def _key(recipe):
    from assay.platform.store import cache_key

    return cache_key(**recipe)
