"""The spec: what a person writes, read from YAML, checked, and turned into the rooms' own configurations.

Pydantic stands only at this door. Inside, every room gets its own frozen dataclass.
"""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import yaml

from ..audits.check import DEFAULT_CONFIDENCE, Check
from ..audits.config import AuditConfig
from ..platform.adaptation.config import AdaptConfig
from ..platform.checkpoints.reference import is_checkpoint, relative_to
from ..platform.data.config import DataConfig
from ..platform.exceptions import SpecError, nearest
from ..platform.federated.config import FederatedConfig
from ..platform.few_shot.config import FewShotConfig
from ..platform.mitigation.config import MitigationConfig
from ..platform.privacy.config import PrivacyConfig
from ..platform.store.name import check_name
from ..platform.training.config import ModelConfig, PretrainConfig, TrainConfig
from .external import ExternalConfig
from .packaged_policies import with_packaged

#: A spec is written by hand; anything longer is a mistake or an attack.
MAX_SPEC_BYTES = 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class CardConfig:
    """What people declare about the model. None of it is generated, none of it is checked."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    intended_use: str | None = None
    """Who should use the model, for what."""
    out_of_scope: str | None = None
    """What it must not be used for."""
    limitations: str | None = None
    """What its makers know it does badly."""
    contact: str | None = None
    """Who answers for it."""
    license: str | None = None
    """Licence of the weights, as an SPDX identifier."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spec:
    """One model from data to report. `data` alone is enough; everything else has a default."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    name: str
    data: DataConfig
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    pretrain: PretrainConfig | None = None
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    privacy: PrivacyConfig | None = None
    federated: FederatedConfig | None = None
    mitigate: MitigationConfig | None = None
    few_shot: FewShotConfig | None = None
    adapt: AdaptConfig | None = None
    audit: AuditConfig = dataclasses.field(default_factory=AuditConfig)
    policy: tuple[Check, ...] = ()
    card: CardConfig = dataclasses.field(default_factory=CardConfig)
    seeds: int = 1
    """Seeds that are trained, from `train.seed` up; what the others give is the report's variation."""
    external: ExternalConfig | None = None
    """What `assay audit` audits, where Assay did not train it; `assay run` leaves it out."""

    def to_dict(self) -> dict[str, Any]:
        """The whole spec with every default written out: what the report's lineage shows."""
        return dataclasses.asdict(self)


def load_spec(path: Path, overrides: Sequence[str] = ()) -> Spec:
    """Read a spec from a YAML file and apply `--set key=value` overrides.

    Args:
        path: the YAML file.
        overrides: `dotted.key=value`, the value in YAML.

    Raises:
        SpecError: the file is missing, isn't a YAML mapping, or a key or value is wrong.
    """
    return parse_spec(read_yaml(path), overrides, default_name=path.stem, base=path.parent)


def parse_spec(
    document: Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    default_name: str = "model",
    base: Path | None = None,
) -> Spec:
    """Check a spec that is already a mapping; `base` is the folder that relative paths in it start from."""
    from pydantic import TypeAdapter, ValidationError

    document = _with_overrides(dict(document), overrides)
    document.setdefault("name", default_name)
    data = document.get("data")
    sensitive = data.get("sensitive") or () if isinstance(data, Mapping) else ()
    if isinstance(data, Mapping) and isinstance(data.get("reference"), str):
        # A population in a file of its own becomes part of the spec: what is reported doesn't change with it.
        document["data"] = {**data, "reference": read_yaml((base or Path()) / data["reference"])}
    if "policy" in document:
        document["policy"] = with_packaged(document["policy"], sensitive=sensitive)
    model = document.get("model")
    if isinstance(model, Mapping) and "options" not in model:
        # An architecture's own parameters stand beside its name in the file.
        options = {key: value for key, value in model.items() if key != "architecture"}
        document["model"] = {"architecture": model.get("architecture"), "options": options}
    try:
        spec = TypeAdapter(Spec).validate_python(document)
    except ValidationError as error:
        raise _explain(error) from None
    check_name(spec.name)
    spec = _with_confidences(spec)
    return _resolved(spec, base) if base else spec


def _with_confidences(spec: Spec) -> Spec:
    """The audit measures bounds at every confidence that the policy asks for."""
    asked = {check.confidence for check in spec.policy} - {DEFAULT_CONFIDENCE}
    every = tuple(sorted(asked | set(spec.audit.confidences)))
    return dataclasses.replace(spec, audit=dataclasses.replace(spec.audit, confidences=every))


def read_yaml(path: Path) -> Mapping[str, Any]:
    """A YAML mapping, safe-loaded; aliases and repeated keys are refused.

    Aliases are how a few lines unfold into gigabytes, and no spec needs one.
    """
    try:
        if path.stat().st_size > MAX_SPEC_BYTES:
            raise SpecError(
                f"{path} is too long for a spec",
                got=f"{path.stat().st_size:,} bytes",
                expected=f"at most {MAX_SPEC_BYTES:,} bytes",
                mend="is this the data file?",
            )
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(f"there is no spec at {path}", mend="`assay init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} can't be read", got=error, expected="a YAML file in UTF-8") from None
    try:
        document = yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        raise SpecError(f"{path} isn't valid YAML", got=" ".join(str(error).split())) from None
    except RecursionError:
        raise SpecError(f"{path} is nested too deeply", expected="the few levels that a spec has") from None
    if not isinstance(document, Mapping):
        raise SpecError(
            f"{path} isn't a spec", got=type(document).__name__, expected="a mapping with `data:`"
        )
    return document


class _StrictLoader(yaml.SafeLoader):
    def compose_node(self, parent, index):
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases (*name) aren't used in specs: write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = sorted({str(key) for key in keys if keys.count(key) > 1})
        if repeated:
            raise yaml.YAMLError(f"written twice: {', '.join(repeated)}{node.start_mark}")
        return super().construct_mapping(node, deep)


def _with_overrides(document: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    for override in overrides:
        key, equals, value = override.partition("=")
        if not (equals and key.strip()):
            raise SpecError(
                "--set wasn't understood", got=override, expected="key=value, such as train.epochs=3"
            )
        place = document
        *parents, last = key.strip().split(".")
        for parent in parents:
            child = place.get(parent)
            place[parent] = place = dict(child) if isinstance(child, Mapping) else {}
        try:
            place[last] = yaml.load(value, Loader=_StrictLoader)
        except yaml.YAMLError as error:
            raise SpecError("--set has a value that isn't YAML", got=override, mend=str(error)) from None
    return document


def _explain(error: Any) -> SpecError:
    """Pydantic's first complaint in our words: the key, what was got, what was expected, how to mend it.

    A misspelt key comes before the key that it leaves missing.
    """
    unknown = ("unexpected_keyword_argument", "extra_forbidden")
    first = min(error.errors(include_url=False), key=lambda complaint: complaint["type"] not in unknown)
    path = [part for part in first["loc"] if part not in _UNION_TAGS]
    key = re.sub(r"\.(\d+)", r"[\1]", ".".join(map(str, path)))
    if first["type"] in unknown:
        known = _keys_at(path[:-1])
        return SpecError(
            f"unknown key in the spec: {key}",
            got=path[-1],
            expected="a key that exists",
            mend=nearest(str(path[-1]), known),
        )
    if first["type"] in ("missing", "missing_argument"):
        return SpecError(f"the spec lacks {key}", expected=f"`{key}:` with a value")
    return SpecError(f"the spec's {key} can't be used", got=repr(first["input"])[:200], expected=first["msg"])


#: What pydantic adds to a location to say which member of a union it tried; no key of ours.
_UNION_TAGS = frozenset(
    {"str", "int", "float", "bool", "ViewConfig", "tuple[str, ...]", "constrained-str", "literal['auto']"}
)


def _keys_at(path: Sequence[Any]) -> list[str]:
    """Names of the keys that the configuration at `path` has."""
    import typing

    place: Any = Spec
    for part in path:
        if isinstance(part, int):
            continue
        hints = typing.get_type_hints(place)
        candidates = [hints[part], *typing.get_args(hints[part])]
        place = next((kind for kind in candidates if dataclasses.is_dataclass(kind)), None)
        if place is None:
            return []
    return [field.name for field in dataclasses.fields(place)]


def _resolved(spec: Spec, base: Path) -> Spec:
    """The same spec with relative files in sources taken from the folder that the spec lies in."""
    data = dataclasses.replace(spec.data, source=_from(spec.data.source, base))
    adapt = spec.adapt and dataclasses.replace(spec.adapt, target=_from(spec.adapt.target, base))
    model = spec.model
    if is_checkpoint(model.architecture):
        model = dataclasses.replace(model, architecture=relative_to(base, str(model.architecture)))
    return dataclasses.replace(spec, data=data, adapt=adapt, model=model)


def _from(source: str, base: Path) -> str:
    scheme, colon, location = source.partition(":")
    if not colon or scheme in ("builtin", "hf") or Path(location).is_absolute():
        return source
    return f"{scheme}:{os.path.normpath(base / location)}"
