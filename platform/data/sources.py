"""Where data comes from: `scheme:rest`, one row a scheme in a literal table.

Only the standard library is imported here, so that a cache key is had without paying for `datasets`.
"""

import hashlib
import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ..exceptions import DataError, nearest

if TYPE_CHECKING:
    from .reading import Reading

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Builtin:
    """A packaged data set: what it is, the files that it is made of, the module whose `read` reads it.

    The module `codebook` knows what was public of its columns; None where nobody wrote that down.
    """

    summary: str
    files: Callable[[], list[Path]]
    module: str
    codebook: str | None = None


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """A kind of source: what follows the colon, how it is digested, the `module:function` that reads it."""

    summary: str
    digest: Callable[[str], str]
    reader: str


def _adult_files() -> list[Path]:
    return [_HERE / "builtin" / "adult" / name for name in ("adult.data.gz", "adult.test.gz")]


def _reviews_files() -> list[Path]:
    return [_HERE / "builtin" / "reviews" / "reviews.parquet"]


def _omniglot_files() -> list[Path]:
    return [_HERE / "builtin" / "omniglot" / f"images_background_small{part}.zip" for part in (1, 2)]


def _shakespeare_files() -> list[Path]:
    return [_HERE / "builtin" / "shakespeare" / "input.txt.gz"]


def _digits_files() -> list[Path]:
    spec = find_spec("sklearn")
    assert spec is not None
    assert spec.origin is not None
    return [Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"]


BUILTINS: dict[str, Builtin] = {
    "adult": Builtin(
        summary="UCI Adult: income above $50K in the US census of 1994; official train/test split",
        files=_adult_files,
        module=".builtin.adult",
        codebook=".builtin.adult_codebook",
    ),
    "digits": Builtin(
        summary="handwritten digits, 1,797 grey images of 8x8 pixels (scikit-learn)",
        files=_digits_files,
        module=".builtin.digits",
    ),
    "digits_blurred": Builtin(
        summary="the same digits out of focus: another domain to adapt to, without its labels",
        files=_digits_files,
        module=".builtin.digits_blurred",
    ),
    "omniglot": Builtin(
        summary="4,840 grey images of 28x28 pixels: 242 characters of 8 alphabets, 20 drawings of each",
        files=_omniglot_files,
        module=".builtin.omniglot",
    ),
    "reviews": Builtin(
        summary="reviews of women's clothing: title and text, does the writer recommend it?",
        files=_reviews_files,
        module=".builtin.reviews",
    ),
    "shakespeare": Builtin(
        summary="80 characters that somebody says in a play by Shakespeare: which one comes next?",
        files=_shakespeare_files,
        module=".builtin.shakespeare",
    ),
}


def _hash_files(files: Iterable[Path], root: Path | None = None) -> str:
    """One digest over names (relative to root) and bytes."""
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256")
        name = file.relative_to(root).as_posix() if root else ""
        total.update(f"{name}\0{digest.hexdigest()}\n".encode())
    return total.hexdigest()


def existing_file(rest: str) -> Path:
    """The file that a source names.

    Raises:
        DataError: it doesn't exist, is a folder, is empty or may not be read.
    """
    path = Path(rest).expanduser()
    state = "a folder" if path.is_dir() else "no such file" if not path.is_file() else ""
    if not state and path.stat().st_size == 0:
        state = "an empty file"
    if state:
        raise DataError(
            f"the data can't be read: {path}",
            got=state,
            expected="a file with rows",
            mend="correct the path after the colon; it is relative to the working directory",
        )
    return path


def existing_folder(rest: str, what: str = "images") -> Path:
    """The folder that a source names, of `images` or `texts`; DataError if there is none."""
    path = Path(rest).expanduser()
    if not path.is_dir():
        raise DataError(
            f"the {what} can't be read: {path}",
            got="a file" if path.is_file() else "no such folder",
            expected=f"a folder with one folder of {what} a class",
            mend="correct the path after the colon; it is relative to the working directory",
        )
    return path


def _builtin_digest(rest: str) -> str:
    return _hash_files(builtin(rest).files())


def _file_digest(rest: str) -> str:
    return _hash_files([existing_file(rest)])


def _folder_digest(rest: str, what: str = "images") -> str:
    folder = existing_folder(rest, what)
    return _hash_files(sorted(file for file in folder.rglob("*") if file.is_file()), folder)


def _hub_digest(rest: str) -> str:
    if Path(rest).expanduser().is_dir():
        return _folder_digest(rest)
    from .hub import revision  # imports huggingface_hub, which only this scheme needs

    return revision(rest)


SCHEMES: dict[str, Scheme] = {
    "builtin": Scheme(summary="a packaged data set", digest=_builtin_digest, reader=""),
    "csv": Scheme(summary="a CSV file with a header", digest=_file_digest, reader=".tables:read_csv"),
    "parquet": Scheme(summary="a Parquet file", digest=_file_digest, reader=".tables:read_parquet"),
    "json": Scheme(
        summary="a JSON file: records, or one record a line", digest=_file_digest, reader=".tables:read_json"
    ),
    "imagefolder": Scheme(
        summary="a folder with one folder of images a class",
        digest=_folder_digest,
        reader=".pictures:read_imagefolder",
    ),
    "text": Scheme(
        summary="a folder with one folder of .txt files a class",
        digest=lambda rest: _folder_digest(rest, "texts"),
        reader=".text_files:read_text_folder",
    ),
    "hf": Scheme(
        summary="a Hugging Face data set: REPO, REPO@REVISION or a folder",
        digest=_hub_digest,
        reader=".hub:read_hub",
    ),
}


def builtin(name: str) -> Builtin:
    """The packaged data set of that name; DataError lists the known ones."""
    if name not in BUILTINS:
        raise DataError(
            f"there is no built-in data set {name!r}",
            got=name,
            expected="a packaged data set",
            mend=nearest(name, BUILTINS),
        )
    return BUILTINS[name]


def parse(source: str) -> tuple[str, str]:
    """Splits `scheme:rest`; DataError lists the known schemes."""
    scheme, colon, rest = source.partition(":")
    if not colon or scheme not in SCHEMES or not rest:
        raise DataError(
            f"the source {source!r} can't be read",
            got=source,
            expected="scheme:where, for example csv:people.csv",
            mend=nearest(scheme, SCHEMES),
        )
    return scheme, rest


def label(source: str) -> str:
    """The source without the folders that lead to it: they say more of a machine than of the data."""
    scheme, _, rest = source.partition(":")
    return f"{scheme}:{rest if scheme in ('builtin', 'hf') else PurePath(rest).name}"


def fingerprint(source: str) -> str:
    """Digest of a source's content, for the cache key: bytes (and names) of its files, or its commit."""
    scheme, rest = parse(source)
    return f"{scheme}:{SCHEMES[scheme].digest(rest)}"


def read(source: str, *, scratch: Path) -> "Reading":
    """Reads a source, columnar.

    Args:
        scratch: folder for memory-mapped intermediate files; must outlive the result.

    Raises:
        DataError: nothing is there, or it can't be read as what its scheme says.
    """
    scheme, rest = parse(source)
    if scheme == "builtin":
        return importlib.import_module(builtin(rest).module, __package__).read(scratch)
    module, _, function = SCHEMES[scheme].reader.partition(":")
    return getattr(importlib.import_module(module, __package__), function)(rest, scratch)
