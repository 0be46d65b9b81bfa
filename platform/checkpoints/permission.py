"""What the person who starts a run allows, and no file can: to fetch a checkpoint, to run a module's code.

A spec, a model artifact and a registry may come from a stranger. So a permission is given where a run, a
prediction or a load is started, holds for that alone, and is written down in the artifact that needed it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ..exceptions import UsageError

__all__ = ["may_fetch", "permitting", "require_code"]


@dataclass(frozen=True, kw_only=True)
class _Permission:
    fetch: bool = False
    code: frozenset[str] = frozenset()


_given: ContextVar[_Permission] = ContextVar("assay_checkpoint_permission", default=_Permission())  # noqa: B039


@contextmanager
def permitting(*, fetch: bool = False, code: Iterable[str] = ()) -> Iterator[None]:
    """Allow inside the block what is named, and nothing that was allowed outside.

    Args:
        fetch: checkpoints may be fetched from the Hugging Face hub.
        code: factories that may be called, each as `package.module:factory`.
    """
    token = _given.set(_Permission(fetch=fetch, code=frozenset(code)))
    try:
        yield
    finally:
        _given.reset(token)


def may_fetch() -> bool:
    """Whether a checkpoint may be fetched."""
    return _given.get().fetch


def require_code(factory: str) -> None:
    """Refuse to run code that nobody allowed.

    Args:
        factory: `package.module:factory`.

    Raises:
        UsageError: it isn't among what was allowed.
    """
    allowed = _given.get().code
    if factory not in allowed:
        raise UsageError(
            "a module of your own runs code, so a file can't ask for it alone",
            got=f"python:{factory}, allowed: {', '.join(sorted(allowed)) or 'nothing'}",
            expected="permission for this very factory from whoever starts the command",
            mend=f"if you know what it does: --allow-code {factory} (from Python allow_code=[{factory!r}])",
        )
