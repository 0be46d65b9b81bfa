"""Which column is for what: names of the spec found in the table, each column's kind and role decided."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from ..exceptions import DataError, nearest
from .config import DataConfig
from .kinds import Kind, infer
from .reading import Reading
from .schema import resolve

_NO_FEATURE = {
    "identifier": "it names the row and says nothing of others",
    "text": "networks of tables read no free text; data.columns may declare it, and texts alone are read",
    "constant": "it tells no rows apart",
}
_NO_TEXT = {name: why for name, why in _NO_FEATURE.items() if name != "text"}
_BESIDE_TEXTS = "networks of texts read nothing else"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The columns of the spec, found; every column's kind and (role, why); what the rows are."""

    modality: str
    target: str
    sensitive: tuple[str, ...]
    weight: str | None
    by: str | None
    fixed: str | None
    kinds: Mapping[str, Kind]
    roles: Mapping[str, tuple[str, str]]


def plan(reading: Reading, config: DataConfig) -> Plan:
    """Decides what each column is for.

    Raises:
        DataError: a column that the config names isn't there, or is named for two ends.
    """
    known = reading.table.column_names
    target = _target_name(reading, config)
    sensitive = _found(config.sensitive, known, "sensitive column")
    weight = resolve(config.weight, known, what="weight column") if config.weight else None
    by = resolve(config.split.by, known, what="column for data.split.by") if config.split.by else None
    fixes = _found(config.split.fixed, known, "column for data.split.fixed")
    ignored = _found(config.ignore, known, "ignored column")
    _check_apart(target, sensitive, weight, by, ignored)
    declared = {resolve(name, known, what="column"): kind for name, kind in config.columns.items()}
    kinds = {
        name: (None if name in declared else _known_kind(reading, name))
        or infer(name, reading.table[name], declared=declared.get(name), is_target=name == target)
        for name in known
    }
    named = {
        **dict.fromkeys(ignored, ("ignored", "named in data.ignore")),
        **dict.fromkeys(fixes, ("split", "some of its values say which split a row is in")),
        **({by: ("split", "its groups never cross splits")} if by else {}),
        **dict.fromkeys(sensitive, ("sensitive", "named in data.sensitive")),
        **({weight: ("weight", "named in data.weight")} if weight else {}),
        target: ("target", "the column to predict"),
    }
    advised = {name: role for name, role in reading.roles.items() if name not in declared}
    fixed = {**advised, **named}
    modality = _modality(reading, kinds, fixed, {*declared, *reading.texts})
    roles = {name: fixed.get(name) or _by_kind(kinds[name], modality) for name in known}
    _check_weight(weight, kinds)
    return Plan(
        modality=modality,
        target=target,
        sensitive=sensitive,
        weight=weight,
        by=by,
        fixed=next(iter(fixes), None),
        kinds=kinds,
        roles=roles,
    )


def check_features(plan: Plan, *, use_sensitive: bool) -> None:
    """DataError if no column is left to predict from."""
    kept = ("feature", "sensitive") if use_sensitive else ("feature",)
    if not any(role in kept for role, _ in plan.roles.values()):
        raise DataError(
            "no column is left to predict from",
            got="; ".join(f"{name}: {role} ({why})" for name, (role, why) in list(plan.roles.items())[:8]),
            expected="at least one numeric, categorical, date or text column beside the target",
            mend="declare the kind of a column that is a feature: data.columns: {name: categorical}",
        )


def _target_name(reading: Reading, config: DataConfig) -> str:
    known = reading.table.column_names
    name = config.target or reading.target
    if name is None:
        raise DataError(
            "the column to predict is not named",
            got="no data.target",
            expected="the name of a column",
            mend=nearest("", known),
        )
    return resolve(name, known, what="target column")


def _found(names: Iterable[str], known: list[str], what: str) -> tuple[str, ...]:
    """The columns meant by the names, each once."""
    return tuple(dict.fromkeys(resolve(name, known, what=what) for name in names))


def _check_apart(
    target: str, sensitive: tuple[str, ...], weight: str | None, by: str | None, ignored: tuple[str, ...]
) -> None:
    """DataError if the target is also named for something else, or a column both weighs and forms groups."""
    ends = {
        "data.sensitive": sensitive,
        "data.weight": (weight,),
        "data.split.by": (by,),
        "data.ignore": ignored,
    }
    clash = [(target, "data.target", end) for end, names in ends.items() if target in names]
    clash += [
        (weight, "data.weight", end)
        for end in ("data.sensitive", "data.split.by")
        if weight and weight in ends[end]
    ]
    clash += [(name, "data.sensitive", "data.ignore") for name in sensitive if name in ignored]
    if clash:
        name, one, other = clash[0]
        raise DataError(
            f"column {name!r} can't be both {one} and {other}",
            got=f"{one}: {name}, {other}: {name}",
            expected="different columns",
            mend="take it out of one of them",
        )


def _known_kind(reading: Reading, name: str) -> Kind | None:
    """The kind of a column that the source itself knows."""
    if reading.modality == "image" and name == "image":
        return Kind(kind="image", type=reading.table[name].type, why="pixels")
    return Kind(kind="text", type=pa.string(), why="free text") if name in reading.texts else None


def _modality(
    reading: Reading, kinds: Mapping[str, Kind], fixed: Collection[str], said: Collection[str]
) -> str:
    """Texts are read where a column is said to be one, or where there is nothing else to read.

    Args:
        fixed: columns whose role doesn't depend on their kind.
        said: columns whose kind the spec or the source says.
    """
    if reading.modality != "tabular":
        return reading.modality
    free = {name: kind for name, kind in kinds.items() if name not in fixed}
    texts = [name for name, kind in free.items() if _is_text(kind)]
    others = [name for name, kind in free.items() if kind.kind not in _NO_FEATURE]
    return "text" if texts and (not others or any(name in said for name in texts)) else "tabular"


def _is_text(kind: Kind) -> bool:
    """Lists and the like are called text, too, and can't be read."""
    return kind.kind == "text" and kind.type == pa.string()


def _by_kind(kind: Kind, modality: str) -> tuple[str, str]:
    if modality == "text":
        return ("feature", "") if _is_text(kind) else ("ignored", _NO_TEXT.get(kind.kind, _BESIDE_TEXTS))
    reason = _NO_FEATURE.get(kind.kind)
    return ("ignored", reason) if reason else ("feature", "")


def _check_weight(weight: str | None, kinds: Mapping[str, Kind]) -> None:
    if weight and kinds[weight].kind not in ("numeric", "identifier"):
        raise DataError(
            f"the weight column {weight!r} holds no numbers",
            got=f"kind {kinds[weight].kind}: {kinds[weight].why}",
            expected="a numeric column",
            mend="name another column in data.weight",
        )
