"""What a checkpoint's own files say of where it comes from; what they leave out is listed, never guessed.

The front matter of a model card (https://huggingface.co/docs/hub/model-cards), and `data_config.json`, in
which Sentence Transformers name what a model was trained on. All of it is what its makers declare.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from .files import CARD

__all__ = ["declared", "unknown"]

_KEYS = ("datasets", "license", "base_model", "language")
_DATA = "data_config.json"
_REPOSITORY = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_MOST_BYTES, _MOST_NAMES, _LONGEST = 1_000_000, 200, 200


def declared(files: Mapping[str, Path], config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Data sets, licence, base model and languages, each as a list of names; what isn't said isn't there.

    Args:
        files: of the checkpoint, by name.
        config: content of `config.json`, in which transformers keeps the name of what it went on from.
    """
    front = _front_matter(files.get(CARD))
    found = {key: names for key in _KEYS if (names := _names(front.get(key)))}
    if "datasets" not in found and (names := _trained_on(files.get(_DATA))):
        found["datasets"] = names
    before = config.get("_name_or_path")
    if "base_model" not in found and isinstance(before, str) and _REPOSITORY.fullmatch(before):
        found["base_model"] = [before]
    return found


def unknown(card: Mapping[str, Any]) -> dict[str, str]:
    """JSON pointer under the checkpoint to reason, for what stays unknown."""
    reasons = {
        "datasets": "The checkpoint's files don't name the data that it was trained on.",
        "license": "The checkpoint's files don't name its licence.",
        "base_model": "The checkpoint's files don't say whether it goes back to another model.",
    }
    return {f"/{key}": why for key, why in reasons.items() if key not in card} | {
        "/overlap": "Whether test rows were among what the checkpoint was trained on isn't known: if so, its "
        "numbers flatter it.",
        "/kwh": "What its training took elsewhere isn't known; this report's energy begins after it.",
    }


class _Plain(yaml.SafeLoader):
    """YAML without aliases, by which a few lines unfold into gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("a model card needs no aliases")
        return super().compose_node(parent, index)


def _front_matter(path: Path | None) -> Mapping[str, Any]:
    lines = _text(path).splitlines()
    if "---" not in lines[1:] or lines[0] != "---":
        return {}
    try:
        found = yaml.load("\n".join(lines[1 : lines.index("---", 1)]), Loader=_Plain)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _trained_on(path: Path | None) -> list[str]:
    try:
        found = json.loads(_text(path) or "null")
    except (ValueError, RecursionError):
        return []
    entries = found if isinstance(found, list) else []
    return _names([entry.get("name") for entry in entries if isinstance(entry, Mapping)])


def _text(path: Path | None) -> str:
    """A file's text; nothing of one that isn't there, is no text, or is far longer than a card."""
    if path is None or path.stat().st_size > _MOST_BYTES:
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def _names(value: object) -> list[str]:
    values = [value] if isinstance(value, str) else value if isinstance(value, Iterable) else []
    names = [one for one in values if isinstance(one, str) and 0 < len(one) <= _LONGEST]
    return list(dict.fromkeys(names))[:_MOST_NAMES]
