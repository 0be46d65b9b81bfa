"""The cache key: everything that can change what a stage makes, in one hash.

Same key, same data. So the key holds the inputs' digests, the section of the spec, the code of the rooms that
the stage runs through, and the versions of the libraries that compute. Time, energy and machine stay out.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .digest import digest_of_json, sha256_file

# Beside Python, what a room packages and reads at run time: templates, schemas, example specs.
_CODE_SUFFIXES = frozenset(
    {".py", ".html", ".j2", ".css", ".js", ".svg", ".json", ".yaml", ".yml", ".md", ".txt"}
)
_ROOT = Path(__file__).resolve().parents[2]


def cache_key(
    *, kind: str, inputs: Mapping[str, str], section: Any, code: str, libraries: Mapping[str, str]
) -> str:
    """Key under which the artifact of one stage is found again.

    Args:
        kind: what the stage makes ("dataset", "model", …).
        inputs: digest of each input, by its role.
        section: the part of the spec that the stage reads, as JSON.
        code: `code_version` of the rooms that the stage runs through.
        libraries: `library_versions` of what computes in it.

    Returns:
        64 hexadecimal digits.

    Raises:
        TypeError, ValueError: the section can't be written as JSON.
    """
    return digest_of_json(
        {"kind": kind, "inputs": inputs, "section": section, "code": code, "libraries": libraries}
    )


def code_version(rooms: Iterable[str], *, root: Path = _ROOT) -> str:
    """Hash of the source files of the named rooms, so that changed code is a miss.

    Args:
        rooms: dotted names below the import package: "platform.data", "models", or a module, "audits.policy".
        root: the folder of the import package.

    Returns:
        64 hexadecimal digits.

    Raises:
        ValueError: a room has no source file: its name is wrong.
    """
    files: dict[str, str] = {}
    for room in rooms:
        found = {path.relative_to(root).as_posix(): sha256_file(path) for path in _sources(root, room)}
        if not found:
            raise ValueError(f"no source files in room {room!r}")
        files.update(found)
    return digest_of_json(files)


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Installed version of each distribution, read without importing it; "absent" where there is none."""
    from importlib.metadata import PackageNotFoundError, version  # 20 ms that not every command needs

    found: dict[str, str] = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _sources(root: Path, room: str) -> list[Path]:
    """Source files of one room: a folder's, recursively, or the one module's."""
    folder = root.joinpath(*room.split("."))
    if not folder.is_dir():
        module = folder.with_name(folder.name + ".py")
        return [module] if module.is_file() else []
    return [path for path in folder.rglob("*") if path.suffix in _CODE_SUFFIXES and path.is_file()]
