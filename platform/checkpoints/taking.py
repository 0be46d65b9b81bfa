"""The stage `checkpoint`: what was trained elsewhere, in the place of pretraining here.

Writes what `pretrain` writes, `weights/model.safetensors`, `architecture.json` and `preprocess.json`, so that
every mode of training goes on from it, and `checkpoint.json`: what was taken, and what its makers say of it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from ...models.inputs import inputs_from_dict
from ...models.network import Network
from ..data.checkpoint_tokens import CheckpointTokens
from ..data.dataset import Dataset
from ..data.pixels import Pixels
from ..data.preprocess import Preprocessor
from ..data.schema import Schema
from ..exceptions import ModelError, SpecError
from ..predictor.artifact import network_outputs, save_network, write_json
from ..predictor.untrusted import read_json
from ..training.config import ModelConfig
from ..training.networks import refusals
from ..training.seeding import derive, reproducible
from . import hugging_face, published
from .backbones import built, shown
from .card import declared, unknown
from .files import CONFIG, IMAGES, POOLING, TOKENIZER, checkpoint_files, digests, located
from .pictures import PictureBackbone, kept
from .python_module import source_digest
from .reference import is_code, label

__all__ = ["CHECKPOINT", "take"]

CHECKPOINT = "checkpoint.json"


def take(*, dataset: Path, model: ModelConfig, seed: int, out: Path) -> dict[str, Any]:
    """Take a checkpoint into an artifact that training goes on from.

    Args:
        dataset: folder of a dataset artifact.
        model: whose architecture is a reference (`reference.py`), with `pool` or a factory's options.
        seed: of the head, and of what a factory leaves to chance.
        out: folder to fill.

    Returns:
        Details for the manifest.

    Raises:
        ModelError: it can't be opened safely, isn't whole, or is for other data.
        SpecError: an option that it doesn't have.
        UsageError: a library is missing, or code that nobody allowed.
    """
    reference, data = str(model.architecture), Dataset.open(dataset)
    table, schema = data.table("train"), data.schema
    with reproducible(derive(seed, "checkpoint")):
        if is_code(reference):
            name, options, facts = _of_code(reference, model.options)
            preprocessor = Preprocessor.fit(table, schema)
            network = _network(name, options, preprocessor)
        else:
            files = checkpoint_files(located(reference))
            name, options, preprocessor = _of_files(files, model.options, table, schema)
            network = _network(name, options, preprocessor)
            facts = {
                "files": digests(files),
                "card": declared(files, read_json(files[CONFIG])),
                "unused": _load(network, files, options),
            }
        _try(network, preprocessor, table)
    save_network(out, network, name=name, options=options, preprocessor=preprocessor)
    facts |= {"reference": label(reference), "architecture": shown(name, options)}
    write_json(out / CHECKPOINT, facts | {"missing": unknown(facts.get("card", {}))})
    return {"reference": facts["reference"]}


def _of_code(reference: str, options: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    factory = reference.partition(":")[2]
    code = {"factory": factory, "allowed_by": "--allow-code", "source": source_digest(factory)}
    return "python_module", {"factory": factory, "options": dict(options)}, {"code": code}


def _of_files(
    files: Mapping[str, Path], options: Mapping[str, Any], table: pa.Table, schema: Schema
) -> tuple[str, dict[str, Any], Preprocessor]:
    """Name and options of the backbone, and what makes its inputs."""
    config = read_json(files[CONFIG])
    if "model_type" not in config and isinstance(config.get("architecture"), str):
        _refuse_options(options, ())
        described = {"architecture": config["architecture"], "options": config.get("options", {})}
        return "published", {**described, "images": _images(files)}, _of_images(table, schema)
    hugging_face.require_known(config, schema.modality)
    _refuse_options(options, ("pool",))
    pooling = read_json(files[POOLING]) if POOLING in files else {}
    pool = options.get("pool") or hugging_face.pool_of(config, pooling, schema.modality)
    if schema.modality == "image":
        images = {"images": _images(files)}
        return "hugging_face", {"config": config, "pool": pool, **images}, _of_images(table, schema)
    return "hugging_face", {"config": config, "pool": pool}, _of_texts(files, config, table, schema)


def _of_texts(
    files: Mapping[str, Path], config: Mapping[str, Any], table: pa.Table, schema: Schema
) -> Preprocessor:
    assert schema.text is not None
    if TOKENIZER not in files:
        raise ModelError(
            "the checkpoint has no tokenizer", got=f"no {TOKENIZER}",
            expected="the tokenizer that its weights were trained with",
            mend="transformers.AutoTokenizer.from_pretrained(...).save_pretrained(FOLDER) writes it",
        )  # fmt: skip
    length, most = schema.text.length, hugging_face.longest(config)
    if most is not None and length > most:
        raise SpecError(
            "data.text.length is longer than the checkpoint reads", got=length, expected=f"{most} or less",
            mend=f"set data.text.length to {most}",
        )  # fmt: skip
    columns = [column.name for column in schema.features]
    try:
        pipeline = files[TOKENIZER].read_text(encoding="utf-8")
        tokens = CheckpointTokens.fit(table, columns, pipeline=pipeline, length=length)
    except ValueError as error:
        raise ModelError(f"{TOKENIZER} can't be used", got=error, expected="a tokenizer") from error
    return Preprocessor.fit(table, schema, tokens=tokens)


def _of_images(table: pa.Table, schema: Schema) -> Preprocessor:
    """Images in [0, 1]: the network itself makes of them what its weights know."""
    if schema.image is None:
        raise ModelError("the checkpoint is for other data", got=f"{schema.modality} data", expected="images")
    channels = schema.image[0]
    pixels = Pixels(shape=schema.image, mean=(0.0,) * channels, std=(1.0,) * channels)
    return Preprocessor.fit(table, schema, pixels=pixels)


def _images(files: Mapping[str, Path]) -> dict[str, Any]:
    if IMAGES not in files:
        raise ModelError(
            "it isn't known which images the checkpoint was trained on", got=f"no {IMAGES}",
            expected="size, mean and deviation of its images",
            mend=f"take {IMAGES} of the checkpoint into its folder",
        )  # fmt: skip
    return kept(read_json(files[IMAGES]))


def _refuse_options(options: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for option in options:
        if option not in known:
            raise SpecError(
                "the checkpoint has no such option", got=f"model.{option}",
                expected=", ".join(known) or "none: its config.json says what it is",
                mend=f"leave model.{option} out",
            )  # fmt: skip


def _network(name: str, options: Mapping[str, Any], preprocessor: Preprocessor) -> Network:
    inputs = inputs_from_dict(preprocessor.inputs())
    with refusals("model.architecture"):
        return built(name, inputs, network_outputs(preprocessor), **options)


def _load(network: Network, files: Mapping[str, Path], options: Mapping[str, Any]) -> list[str]:
    """Put the files' tensors into the network; names of those that it has no place for."""
    if "config" in options:
        assert isinstance(network, hugging_face.TextBackbone | PictureBackbone)
        return hugging_face.load(network, files, options["config"])
    assert isinstance(network, PictureBackbone)
    return published.load(network, files)


def _try(network: Network, preprocessor: Preprocessor, table: pa.Table) -> None:
    """Encode two rows: what can't be asked fails here, and not after an hour.

    Raises:
        ModelError: it gives anything but one vector of numbers a row.
    """
    rows = [torch.from_numpy(part) for part in preprocessor.transform(table.slice(0, 2))]
    network.eval()
    try:
        with torch.no_grad():
            found = network.encode(*rows)
    except Exception as error:  # whatever code from elsewhere raises
        raise _odd(f"{type(error).__name__}: {error}"[:300]) from error
    if found.shape != (len(rows[0]), network.width) or not bool(found.isfinite().all()):
        raise _odd(f"{tuple(found.shape)}, finite: {bool(found.isfinite().all())}")


def _odd(got: str) -> ModelError:
    return ModelError(
        "the checkpoint doesn't encode the data's rows",
        got=got,
        expected="one vector of finite numbers a row",
        mend="take another checkpoint",
    )
