"""What `model.architecture` may name beside the catalog: a checkpoint, as `scheme:where`.

Only the standard library is imported here: a spec is checked before anything heavy starts.
"""

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from types import MappingProxyType

from ..exceptions import SpecError, nearest
from .permission import require_code

__all__ = ["SCHEMES", "check", "is_checkpoint", "is_code", "label", "relative_to"]

SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "folder": "a folder with config.json and safetensors",
        "hf": "a checkpoint of the Hugging Face hub, NAME or NAME@REVISION",
        "python": "a function that makes a torch module, package.module:factory",
    }
)
"""What can stand before the colon."""

_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?")


def is_checkpoint(architecture: str | None) -> bool:
    """Whether it names a checkpoint, and no row of the catalog."""
    return architecture is not None and ":" in architecture


def is_code(architecture: str | None) -> bool:
    """Whether it names a module of the person's own."""
    return architecture is not None and architecture.startswith("python:")


def check(reference: str) -> None:
    """Refuse a reference that can't be meant, or that nobody allowed, before any data are read.

    Raises:
        SpecError: no such scheme, or not what belongs behind it.
        UsageError: a module of one's own that nobody allowed.
        ModelError: a folder that holds no checkpoint that can be opened safely.
    """
    scheme, _, rest = reference.partition(":")
    if scheme not in SCHEMES:
        raise SpecError(
            "unknown kind of checkpoint", got=reference, expected="scheme:where, such as folder:minilm",
            mend=nearest(scheme, SCHEMES),
        )  # fmt: skip
    pattern = {"python": _FACTORY, "hf": _REPOSITORY}.get(scheme)
    if not rest or (pattern and not pattern.fullmatch(rest)):
        raise SpecError(
            f"model.architecture {scheme}: names nothing", got=reference, expected=SCHEMES[scheme],
            mend=f"write {scheme}: and {SCHEMES[scheme]}",
        )  # fmt: skip
    if scheme == "python":
        require_code(rest)
    else:
        from .files import checkpoint_files, located

        checkpoint_files(located(reference))


def label(reference: str) -> str:
    """The reference without the folders that lead to it: they say more of a machine than of the weights."""
    scheme, _, rest = reference.partition(":")
    return f"folder:{PurePath(rest).name}" if scheme == "folder" else reference


def relative_to(base: Path, reference: str) -> str:
    """The same reference, a relative folder in it taken from `base`."""
    scheme, _, rest = reference.partition(":")
    if scheme != "folder" or not rest or Path(rest).expanduser().is_absolute():
        return reference
    return f"folder:{base / rest}"
