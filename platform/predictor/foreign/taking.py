"""Taking a foreign model into an artifact: a copy of its files, what they are, a fitted preprocessor beside.

    files/            the model, as it was
    foreign.json      its format
    architecture.json, preprocess.json, postprocess.json   as of every model artifact

Pickles are never opened: a pickle is a program, and loading it runs it.
"""

import dataclasses
import hashlib
import importlib
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...data.dataset import Dataset
from ...data.preprocess import Preprocessor
from ...data.schema import Schema
from ...exceptions import ModelError
from ..artifact import POSTPROCESS, PREPROCESS, read_postprocess, read_preprocessor, write_json
from ..postprocess import Postprocess
from ..untrusted import read_json, refuse_links
from .model import ForeignModel
from .source import Source

__all__ = ["FORMATS", "fingerprint", "open_foreign", "take", "take_module"]

FORMATS = {
    "skops": ("scikit_learn", "skops"),
    "onnx": ("onnx_graph", "onnxruntime"),
    "hugging_face": ("hugging_face", "transformers"),
    "assay": ("assay_folder", ""),
    "torch": ("torch_module", ""),
}
"""Format -> module with its `load`, and the library of the extra `external` that it needs."""

DESCRIPTION = "foreign.json"
_FILES = "files"

_PICKLES = dict.fromkeys(
    (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".bin", ".dill"),
    "a pickle: opening it would run whatever it holds",
) | {".pt2": "an exported program: torch.export.load falls back to unpickling, so it isn't opened"}
#: Files of a Hugging Face folder that are read; whatever else lies there stays there.
_KEPT = (".json", ".txt", ".safetensors", ".model", ".jinja")


def format_of(path: Path) -> str:
    """The format of a model's file or folder.

    Raises:
        ModelError: it is none that can be opened safely.
    """
    if path.is_dir():
        if (path / "weights").is_dir() and (path / "architecture.json").is_file():
            return "assay"
        if (path / "config.json").is_file() and list(path.glob("*.safetensors")):
            return "hugging_face"
        raise ModelError(
            f"{path.name} is no model's folder", got=", ".join(sorted(p.name for p in path.iterdir())[:8]),
            expected="config.json with safetensors (Hugging Face), or an artifact of Assay",
            mend="save_pretrained(..., safe_serialization=True) writes safetensors",
        )  # fmt: skip
    if path.suffix.lower() in _PICKLES:
        raise ModelError(
            f"{path.name} isn't opened", got=_PICKLES[path.suffix.lower()],
            expected="a .skops or .onnx file, or a folder with safetensors",
            mend="skops.io.dump for scikit-learn, torch.onnx.export or assay.audit(module, ...) for torch",
        )  # fmt: skip
    if path.suffix.lower() in (".skops", ".onnx"):
        return path.suffix.lower().removeprefix(".")
    raise ModelError(
        f"the kind of model can't be told from its name: {path.name}", got=f"the suffix {path.suffix!r}",
        expected="a .skops or .onnx file, a Hugging Face folder, or an artifact of Assay",
    )  # fmt: skip


def _files(path: Path) -> dict[str, Path]:
    """The files that belong to a model, by their name in the artifact."""
    kind = format_of(path)
    if path.is_file():
        return {path.name: path}
    if kind == "hugging_face":
        return {p.name: p for p in sorted(path.iterdir()) if p.is_file() and p.suffix in _KEPT}
    refuse_links(path)
    kept = [p for p in sorted(path.rglob("*")) if p.is_file() and p.suffix in (".json", ".safetensors")]
    return {p.relative_to(path).as_posix(): p for p in kept if p.name != "manifest.json"}


def fingerprint(path: Path) -> str:
    """Digest over names and bytes of a model's files."""
    total = hashlib.sha256()
    for name, file in _files(path).items():
        with file.open("rb") as stream:
            total.update(f"{name}\0{hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def take(path: Path, dataset: Path, out: Path, *, logits: bool) -> Mapping[str, Any]:
    """Copy a model into an artifact's folder, open the copy once, and describe it.

    Args:
        path: the model's file or folder.
        dataset: folder of the dataset artifact that it is audited on.
        out: folder to fill.
        logits: its outputs are logits.

    Raises:
        ModelError: it can't be opened safely, or isn't a model of this data.
    """
    files = _files(path)
    for name, file in files.items():
        (out / _FILES / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, out / _FILES / name)
    return _describe({"format": format_of(path), "logits": logits, "files": sorted(files)}, dataset, out)


def take_module(digest: str, dataset: Path, out: Path) -> Mapping[str, Any]:
    """The same for a torch module that was lent to this process, by its digest."""
    from .torch_module import save

    (out / _FILES).mkdir()
    files = save(digest, out / _FILES)
    return _describe({"format": "torch", "logits": True, "files": sorted(files)}, dataset, out)


def _describe(description: Mapping[str, Any], dataset: Path, out: Path) -> Mapping[str, Any]:
    """Open the copy once, and write what every model artifact has beside it."""
    data = Dataset.open(dataset)
    schema = data.schema
    write_json(out / DESCRIPTION, description)
    source = _load(out, schema)
    schema = _as_read(schema, source)
    write_json(out / "architecture.json", {"name": source.name})
    write_json(out / PREPROCESS, Preprocessor.fit(data.table("train"), schema).to_json())
    scale = {"mean": 0.0, "std": 1.0} if schema.task == "regression" else None
    facts = Postprocess(
        task=schema.task, classes=schema.classes, positive=schema.positive, target_scale=scale
    )
    write_json(out / POSTPROCESS, facts.to_json())
    return {"format": description["format"]}


def _as_read(schema: Schema, source: Source) -> Schema:
    """The schema as the model reads it: with the sensitive columns, where it reads one.

    Raises:
        ModelError: it reads a column that the data don't have, or the target.
    """
    for name in source.columns:
        if schema.column(name).role == "target":
            raise ModelError("the model reads the target", got=name, mend="it can't be audited on this data")
    reads = set(source.columns) & set(schema.sensitive)
    return dataclasses.replace(schema, use_sensitive=True) if reads else schema


def open_foreign(folder: Path) -> ForeignModel:
    """Open the copy of a model in an artifact.

    Raises:
        ModelError: it can't be opened safely.
    """
    preprocessor = read_preprocessor(folder)
    return ForeignModel(
        preprocessor=preprocessor,
        postprocess=read_postprocess(folder),
        source=_load(folder, preprocessor.schema),
    )


def _load(folder: Path, schema: Schema) -> Source:
    described = read_json(folder / DESCRIPTION)
    if described.get("format") not in FORMATS:
        raise ModelError("the format isn't known", got=described.get("format"), expected=", ".join(FORMATS))
    module, library = FORMATS[described["format"]]
    if library and find_spec(library) is None:
        raise ModelError(
            f"{library} isn't installed",
            expected="the extra `external`",
            mend="pip install 'assay[external]'",
        )
    files = folder / _FILES
    single = len(described["files"]) == 1
    place = files / described["files"][0] if single else files
    loader = importlib.import_module(f".{module}", __package__)
    return loader.load(place, schema, logits=bool(described["logits"]))
