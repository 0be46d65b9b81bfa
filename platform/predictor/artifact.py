"""The model artifact: a folder of safetensors and JSON, and nothing that could be executed.

    weights/model.safetensors   every tensor of the network; a mixture has weights/member_0.safetensors, …
    architecture.json           name, options, inputs, outputs: what `models.build` needs
    preprocess.json             the fitted preprocessor
    postprocess.json            task, classes, temperature, thresholds, a mixture's weights
    few_shot.json               of a few-shot model alone: how it learns new classes (platform/few_shot)

Reading trusts nothing: names, shapes and keys are compared with what the architecture says before a weight is
used, and no file is ever unpickled.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from ...models.inputs import inputs_from_dict
from ...models.network import Network
from ..checkpoints.backbones import built
from ..data.preprocess import Preprocessor
from ..store.manifest import MANIFEST
from .postprocess import Postprocess
from .untrusted import load_weights, read_json, read_tensors, reading, refuse_links, unfit

WEIGHTS = "weights/model.safetensors"
ARCHITECTURE = "architecture.json"
PREPROCESS = "preprocess.json"
POSTPROCESS = "postprocess.json"
FEW_SHOT_FILE = "few_shot.json"


def save_network(
    folder: Path,
    *networks: Network,
    name: str,
    options: Mapping[str, Any],
    preprocessor: Preprocessor,
) -> None:
    """Write weights, architecture and preprocessing.

    Args:
        folder: of the artifact.
        networks: what was trained; several are the members of a mixture, of one architecture.
        name: key of `ARCHITECTURES`, or of `BACKBONES`, that it was built with.
        options: options that it was built with.
        preprocessor: what made its inputs.
    """
    (folder / WEIGHTS).parent.mkdir(parents=True, exist_ok=True)
    files = [WEIGHTS] if len(networks) == 1 else members_of(len(networks))
    for file, network in zip(files, networks, strict=True):
        tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}
        # No metadata: safetensors writes its keys in a random order, and these bytes are the identity.
        (folder / file).write_bytes(safetensors.torch.save(tensors))
    write_json(folder / ARCHITECTURE, _describe(networks[0], name, options, preprocessor))
    write_json(folder / PREPROCESS, preprocessor.to_json())


def load_network(folder: Path) -> tuple[Network, Preprocessor]:
    """Read a network and the preprocessor of its inputs.

    Raises:
        ModelError: a file is missing, isn't what it should be, or doesn't fit the others.
    """
    refuse_links(folder)
    preprocessor = read_preprocessor(folder)
    return _load(folder, read_tensors(folder / WEIGHTS), preprocessor), preprocessor


def load_networks(folder: Path, *, members: int) -> tuple[tuple[Network, ...], Preprocessor]:
    """Read the networks of a mixture, and the preprocessor of their inputs.

    Raises:
        ModelError: as `load_network`.
    """
    refuse_links(folder)
    preprocessor, files = read_preprocessor(folder), members_of(members)
    names = [Path(file).name for file in files]
    networks = (_load(folder, read_tensors(folder / file, beside=names), preprocessor) for file in files)
    return tuple(networks), preprocessor


def members_of(count: int) -> list[str]:
    """Files of a mixture's networks, in the order of its weights."""
    return [f"weights/member_{index}.safetensors" for index in range(count)]


def _load(folder: Path, tensors: Mapping[str, Tensor], preprocessor: Preprocessor) -> Network:
    """The network that `architecture.json` describes, with these weights."""
    architecture = read_json(folder / ARCHITECTURE)
    with reading(ARCHITECTURE, expected="name and options of the catalog, inputs, outputs"):
        network = built(
            architecture["name"],
            inputs_from_dict(architecture["inputs"]),
            architecture["outputs"],
            **architecture["options"],
        )
        expected = _describe(network, architecture["name"], architecture["options"], preprocessor)
    for key in sorted(expected.keys() | architecture.keys()):
        if architecture.get(key) != expected.get(key):
            raise unfit(
                f"{ARCHITECTURE} and {PREPROCESS} don't fit each other, first at {key[:200]!r}",
                got=architecture.get(key),
                expected=expected.get(key, "no such key"),
            )
    load_weights(network, tensors)
    return network.eval()


def read_preprocessor(folder: Path) -> Preprocessor:
    """The fitted preprocessor of an artifact.

    Raises:
        ModelError: it isn't one.
    """
    description = read_json(folder / PREPROCESS)
    with reading(PREPROCESS, expected="a fitted preprocessor"):
        preprocessor = Preprocessor.from_json(description)
        if preprocessor.to_json() != description:
            raise ValueError("it holds more than it should")
    return preprocessor


def read_postprocess(folder: Path) -> Postprocess:
    """What turns the network's outputs into scores and decisions.

    Raises:
        ModelError: it makes no sense.
    """
    with reading(POSTPROCESS, expected="task, classes, positive, temperature, thresholds, target_scale"):
        return Postprocess.from_json(read_json(folder / POSTPROCESS))


def link_files(model: Path, out: Path, *, but: str | None = None) -> None:
    """A model's files under another folder, without taking room where the file system can link.

    A file that is going to change must not be linked: writing to a link would change the model that it leads
    to.

    Args:
        model: folder of a model artifact.
        out: folder to fill.
        but: a file that is left out, beside the manifest.
    """
    for source in sorted(path for path in model.rglob("*") if path.is_file()):
        name = source.relative_to(model)
        if str(name) in (but, MANIFEST):
            continue
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, out / name)
        except OSError:
            shutil.copyfile(source, out / name)


def write_json(path: Path, value: Any) -> None:
    """Write JSON whose bytes depend on the value alone."""
    path.write_text(json.dumps(value, sort_keys=True, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def network_outputs(preprocessor: Preprocessor) -> int:
    """Outputs that a network needs: one a class, or one for regression."""
    return len(preprocessor.schema.classes) or 1


def _describe(
    network: Network, name: str, options: Mapping[str, Any], preprocessor: Preprocessor
) -> dict[str, Any]:
    """What `architecture.json` holds."""
    return {
        "name": name,
        "options": dict(options),
        "inputs": preprocessor.inputs(),
        "outputs": network_outputs(preprocessor),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
