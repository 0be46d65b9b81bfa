"""Data sets of the Hugging Face hub, or a folder laid out like one: `hf:REPO[@REVISION]`, `hf:FOLDER`."""

from pathlib import Path

import pyarrow as pa

from ..exceptions import DataError
from .pictures import class_names, official_codes, read_images
from .reading import Reading
from .tables import quiet_datasets


def revision(rest: str) -> str:
    """The commit that a repository's revision stands for: asked of the hub or, offline, of the local cache.

    Raises:
        DataError: neither knows it.
    """
    from huggingface_hub import HfApi, constants

    repo, _, name = rest.partition("@")
    if len(name) == 40 and all(character in "0123456789abcdef" for character in name):
        return name
    try:
        commit = HfApi().dataset_info(repo, revision=name or None).sha
    except (OSError, ValueError) as error:
        cache = (
            Path(constants.HF_HUB_CACHE) / f"datasets--{repo.replace('/', '--')}" / "refs" / (name or "main")
        )
        if not cache.is_file():
            raise _unreachable(rest, error) from None
        commit = cache.read_text(encoding="utf-8").strip()
    return str(commit)


def read_hub(rest: str, scratch: Path) -> Reading:
    """Reads all splits; official validation and test splits are kept."""
    datasets = quiet_datasets()
    folder = Path(rest).expanduser()
    repo, _, name = rest.partition("@")
    try:
        if folder.is_dir():
            loaded = datasets.load_dataset(str(folder.resolve()), cache_dir=str(scratch / "hf"))
        else:
            # The hub's own cache: downloads are kept there for every program that uses it.
            loaded = datasets.load_dataset(repo, revision=name or None)
    except (datasets.exceptions.DatasetsError, OSError, ValueError, RuntimeError) as error:
        raise _unreachable(rest, error) from None
    features = next(iter(loaded.values())).features
    if any(isinstance(feature, datasets.Image) for feature in features.values()):
        return read_images(datasets, loaded, folder, scratch)
    classes = [name for name, feature in features.items() if hasattr(feature, "int2str")]
    return Reading(
        table=pa.concat_tables([class_names(part) for part in loaded.values()]),
        official=official_codes({name: len(part) for name, part in loaded.items()}),
        target=classes[0] if len(classes) == 1 else None,
    )


def _unreachable(rest: str, error: Exception) -> DataError:
    text = str(error.__cause__ or error).split("\n", 1)[0]
    return DataError(
        f"the data set hf:{rest} can't be read",
        got=text if len(text) <= 200 else text[:197] + "...",
        expected="a data set of the Hugging Face hub, in reach or in the local cache, or a folder",
        mend="check the name and the connection, or download it and use parquet: or csv:",
    )
