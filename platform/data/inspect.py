"""A first spec for a file that nobody has described yet: `assay init --from FILE`."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..exceptions import DataError
from . import roles, sources
from .config import DataConfig
from .target import read_target

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A spec as it stands in YAML, and lines for the person who will read it."""

    spec: dict[str, Any]
    notes: list[str]


def inspect(path: Path, target: str, sensitive: Sequence[str] = ()) -> Inspection:
    """Looks at a file or an image folder and proposes a spec.

    Raises:
        DataError: it can't be read, or the named columns aren't in it.
    """
    source = source_of(path)
    config = DataConfig(source=source, target=target, sensitive=tuple(sensitive))
    with tempfile.TemporaryDirectory(prefix="inspect-") as folder:
        reading = sources.read(source, scratch=Path(folder))
        plan = roles.plan(reading, config)
        kind = plan.kinds[plan.target]
        label = read_target(plan.target, reading.table[plan.target], kind, declared=False, positive=None)
        rows = reading.table.num_rows
    notes = [f"{rows} rows; {plan.target!r} makes a {label.task} task: {label.why}"]
    if label.positive is not None:
        notes.append(f"{label.positive!r} counts as the positive class; data.positive changes that")
    if not label.labelled.all():
        notes.append(f"{int((~label.labelled).sum())} rows have no label and are left out")
    for name, found in plan.kinds.items():
        role, why = plan.roles[name]
        if role != "target":
            notes.append(f"{name!r}: {found.kind} ({found.why}), {role}{f': {why}' if why else ''}")
    if not sensitive:
        notes.append("no column is named sensitive, so no group will be audited: data.sensitive")
    data: dict[str, Any] = {"source": source, "target": plan.target}
    data |= {"sensitive": list(plan.sensitive)} if plan.sensitive else {}
    data |= {"positive": label.positive} if label.positive is not None else {}
    return Inspection(spec={"name": _name(path), "data": data}, notes=notes)


def source_of(path: Path) -> str:
    """`scheme:path` by the file's suffix; a folder holds texts or images."""
    if path.is_dir():
        return f"text:{path}" if next(path.rglob("*.txt"), None) else f"imagefolder:{path}"
    plain = path.with_suffix("") if path.suffix in (".gz", ".bz2", ".zst") else path
    scheme = _SUFFIXES.get(plain.suffix.lower())
    if scheme is None:
        raise DataError(
            f"the kind of file can't be told from its name: {path}",
            got=f"the suffix {path.suffix!r}",
            expected=f"one of {', '.join(_SUFFIXES)}, or a folder of images or texts",
            mend="rename the file, or write a spec with data.source: csv:FILE",
        )
    return f"{scheme}:{path}"


def _name(path: Path) -> str:
    """The file's name in lower case, other characters than letters and digits turned to hyphens."""
    words = "".join(
        c if c.isascii() and c.isalnum() else " " for c in path.name.split(".")[0].lower()
    ).split()
    return "-".join(words) or "model"
