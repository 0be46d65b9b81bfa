"""What the system says when a disk is full, read-only or broken, in words that help."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..exceptions import StoreError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_BROKEN = frozenset({errno.EIO, errno.ENOLCK, errno.EOPNOTSUPP, errno.ESTALE})


def is_full(error: BaseException) -> bool:
    """Whether the disk, or the quota on it, was full; native libraries report it only in their text."""
    return (isinstance(error, OSError) and error.errno in _FULL) or "No space left on device" in str(error)


def is_read_only(error: BaseException) -> bool:
    """Whether writing was refused."""
    return isinstance(error, OSError) and error.errno in _READ_ONLY


@contextmanager
def storage_failures(root: Path) -> Iterator[None]:
    """Turn what the system says about the store into a StoreError that says what to do.

    Errors about files elsewhere (a missing input, say) pass unchanged: they are not the store's to explain.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        mend = _mend(error, root)
        if mend is None:
            raise
        raise StoreError(f"the store at {root} failed: {error}\n  mend: {mend}") from error


def _mend(error: Exception, root: Path) -> str | None:
    """What to do about it; None where the error isn't about the store."""
    if is_full(error):
        return "free space or move the store (--home, ASSAY_STORE), and run again: finished stages are kept"
    if not isinstance(error, OSError):
        return None
    inside = error.filename is not None and root in (path := Path(str(error.filename)), *path.parents)
    if error.errno == errno.EROFS or (inside and is_read_only(error)):
        return (
            "make it writable, or choose another place (--home, ASSAY_STORE); reading needs no write access"
        )
    if inside or error.errno in _BROKEN:
        return "check the disk and the folder, and run again: finished stages are kept"
    return None
