"""Folders of text files, one a class: `text:FOLDER`."""

from pathlib import Path

import pyarrow as pa

from ..exceptions import DataError
from .pictures import OFFICIAL, official_codes
from .reading import Reading
from .sources import existing_folder

__all__ = ["read_text_folder"]

_MOST_BYTES = 1 << 20
"""Of one text: the largest cell that a CSV may hold, too."""


def read_text_folder(rest: str, scratch: Path) -> Reading:
    """Reads `folder/class/*.txt`, or `folder/train/class/*.txt` and `folder/test/class/*.txt`.

    Raises:
        DataError: there are no such files, or one can't be read as UTF-8.
    """
    folder = existing_folder(rest, "texts")
    parts = {name: folder / name for name in OFFICIAL if (folder / name).is_dir()} or {"train": folder}
    rows = {name: _labelled(part) for name, part in parts.items()}
    if not rows.get("train"):
        raise DataError(
            f"{folder} holds no texts",
            got=", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "an empty folder",
            expected="one folder of .txt files a class",
            mend="arrange the texts as FOLDER/CLASS/TEXT.txt",
        )
    texts = [_read(file) for part in rows.values() for _, file in part]
    labels = [label for part in rows.values() for label, _ in part]
    return Reading(
        table=pa.table({"text": pa.array(texts, pa.string()), "label": pa.array(labels, pa.string())}),
        official=official_codes({name: len(part) for name, part in rows.items()}),
        texts=("text",),
        target="label",
    )


def _labelled(folder: Path) -> list[tuple[str, Path]]:
    """Class and file of every text, in the order of their names."""
    return [(file.parent.name, file) for file in sorted(folder.glob("*/*.txt")) if file.is_file()]


def _read(file: Path) -> str:
    size = file.stat().st_size
    try:
        if size <= _MOST_BYTES:
            return file.read_text(encoding="utf-8-sig")
        got = f"{size:,} bytes"
    except (UnicodeDecodeError, OSError) as error:
        got = str(error)
    raise DataError(
        f"the text {file.parent.name}/{file.name} can't be read",
        got=got,
        expected=f"UTF-8, at most {_MOST_BYTES:,} bytes",
        mend="save it as UTF-8, cut it, or take it out of the folder",
    )
