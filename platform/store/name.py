"""Which names may become part of a path: the door that `../` doesn't pass."""

import re

from ..exceptions import SpecError, StoreError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEY = re.compile(r"[0-9a-f]{64}")


def check_name(name: object, what: str = "name") -> str:
    """Return `name` if it may name a model, a version's alias or a file; refuse it otherwise.

    Args:
        name: what a person wrote.
        what: the word for it in the message ("name", "alias", …).

    Raises:
        SpecError: it isn't 1 to 100 letters, digits, `.`, `_` and `-` with a letter or digit first.
    """
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise SpecError(
        f"{what} can't be used",
        got=repr(name)[:200],
        expected="1 to 100 of A-Z a-z 0-9 . _ - that begin with a letter or a digit",
        mend=f"choose a plain {what}, for example adult-income",
    )


def check_key(key: str) -> str:
    """Return `key` if it is a SHA-256 in hex, which every cache key is.

    Raises:
        StoreError: it isn't, so it must not become a path.
    """
    if isinstance(key, str) and _KEY.fullmatch(key):
        return key
    raise StoreError(f"not a cache key: {key!r:.200} (64 hexadecimal digits are expected)")


def check_relative_path(path: str) -> str:
    """Return `path` if it stays inside the folder that it is joined to, whatever the system.

    Raises:
        StoreError: it is absolute, empty, holds `..`, a backslash, a drive or a control character.
    """
    parts = path.split("/")
    plain = all(part not in ("", ".", "..") for part in parts)
    if plain and not re.search(r"[\\\x00-\x1f\x7f]", path) and not re.match(r"[A-Za-z]:", path):
        return path
    raise StoreError(f"not a path inside an artifact: {path!r:.200}")
