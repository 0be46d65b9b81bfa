"""Locks that the system gives back when their holder dies, however it dies.

`flock` belongs to an open file, so a kill -9 releases it: no stale lock is guessed by age or process id.
A forked child would keep its parent's file open, and with it a dead parent's lock: children close theirs.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_held: set[int] = set()


def try_hold(folder: Path) -> int | None:
    """Claim an existing folder for this process without waiting.

    Returns:
        A descriptor for `release`; None when another holder has the folder.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    _held.add(descriptor)
    return descriptor


def release(descriptor: int) -> None:
    """Give back what `try_hold` claimed; in a forked child, which holds nothing, do nothing."""
    if descriptor in _held:
        _held.remove(descriptor)
        os.close(descriptor)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for, and hold, the one lock that lives in the file `path`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    _held.add(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        release(descriptor)


def _forget_in_child() -> None:
    """Close a forked child's copies; the parent's stay locked."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)
