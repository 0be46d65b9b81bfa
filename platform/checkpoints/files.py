"""The files of a checkpoint: a folder, or what the hub's cache holds of a repository.

Weights are read from safetensors alone. A pickle is a program, and loading it runs it: such files stay
closed, and a folder that holds nothing else is refused.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from ..exceptions import ModelError
from ..store.digest import digest_of_json
from .permission import may_fetch

__all__ = [
    "CARD",
    "CONFIG",
    "IMAGES",
    "POOLING",
    "TOKENIZER",
    "checkpoint_files",
    "digests",
    "fingerprint",
    "located",
]

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
IMAGES = "preprocessor_config.json"
CARD = "README.md"
POOLING = "1_Pooling/config.json"
_READ = (CONFIG, TOKENIZER, IMAGES, CARD, POOLING, "data_config.json")
_WHOLE, _PARTS = "model.safetensors", "model-*-of-*.safetensors"
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


def located(reference: str) -> Path:
    """The folder of `folder:PATH` or `hf:NAME[@REVISION]`; the hub is asked only where that is allowed.

    Raises:
        ModelError: there is none, or it isn't in the cache and nothing may be fetched.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "folder":
        folder = Path(rest).expanduser()
        if not folder.is_dir():
            raise ModelError(
                f"there is no checkpoint at {folder}",
                got="a file" if folder.is_file() else "no such folder",
                expected=f"a folder with {CONFIG} and safetensors",
                mend="correct the path in model.architecture; it is relative to the spec",
            )
        return folder
    return _from_hub(rest)


def _from_hub(rest: str) -> Path:
    from huggingface_hub import constants, snapshot_download

    repository, _, revision = rest.partition("@")
    allowed = may_fetch()
    try:
        found = snapshot_download(
            repository, revision=revision or None, cache_dir=constants.HF_HUB_CACHE,
            allow_patterns=[_WHOLE, _PARTS, *_READ], local_files_only=not allowed,
        )  # fmt: skip
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).split("\n", 1)[0]
        raise ModelError(
            f"the checkpoint hf:{rest} isn't here",
            got=reason[:200] if allowed else "not in the local cache, and nothing may be fetched",
            expected="a checkpoint in the hub's local cache, or permission to fetch it",
            mend="check the name and the connection" if allowed else f"--allow-fetch, or hf download {rest}",
        ) from error
    return Path(found)


def checkpoint_files(folder: Path) -> dict[str, Path]:
    """What is read of a folder, by name: descriptions, and `model.safetensors` or its parts.

    Raises:
        ModelError: it has no `config.json`, or no safetensors.
    """
    whole = folder / _WHOLE
    weights = [whole] if whole.is_file() else sorted(folder.glob(_PARTS))
    pickles = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _PICKLES)
    if not weights and pickles:
        raise ModelError(
            f"{folder.name} holds weights that aren't opened",
            got=f"{', '.join(pickles[:3])}: a pickle, and opening it would run whatever it holds",
            expected="safetensors",
            mend="take a checkpoint with safetensors; save_pretrained writes them, where you trust the file",
        )
    if not weights or not (folder / CONFIG).is_file():
        raise ModelError(
            f"{folder.name} is no checkpoint",
            got=f"no {CONFIG if weights else _WHOLE} in it",
            expected=f"a folder with {CONFIG} and safetensors",
            mend="name the folder that save_pretrained wrote",
        )
    found = {name: folder / name for name in _READ if (folder / name).is_file()}
    return found | {path.name: path for path in weights}


def digests(files: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of each file's bytes."""
    found = {}
    for name, path in sorted(files.items()):
        with path.open("rb") as stream:
            found[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return found


def fingerprint(files: Mapping[str, Path]) -> str:
    """One digest over names and bytes."""
    return digest_of_json(digests(files))
