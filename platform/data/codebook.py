"""From a codebook in the spec to preprocessing that looks at no row."""

import importlib

from ..exceptions import DataError
from . import sources
from .config import CodebookConfig, DataConfig
from .declared import declared_preprocessor
from .preprocess import Preprocessor
from .schema import Schema

__all__ = ["preprocessor_from_codebook"]


def preprocessor_from_codebook(config: DataConfig, schema: Schema) -> Preprocessor | None:
    """The preprocessor that `data.codebook` describes, or None where there is no codebook.

    Args:
        config: the section of the spec; columns that its codebook has beside the features are left out.
        schema: of the data.

    Raises:
        DataError: the source has no codebook of its own, a feature isn't described, or edges don't rise.
    """
    if config.codebook is None:
        return None
    book = _builtin(config.source) if config.codebook == "builtin" else config.codebook
    names = {column.name for column in schema.features}
    return declared_preprocessor(
        schema,
        numbers={name: edges for name, edges in book.numbers.items() if name in names},
        categories={name: known for name, known in book.categories.items() if name in names},
        missing=[name for name in book.missing if name in names],
        target=book.target,
    )


def _builtin(source: str) -> CodebookConfig:
    """The codebook that comes with a packaged data set."""
    scheme, rest = sources.parse(source)
    module = sources.builtin(rest).codebook if scheme == "builtin" else None
    if module is None:
        raise DataError(
            "this source has no codebook of its own",
            got=f"data.codebook: builtin, with {sources.label(source)}",
            expected=f"one of {', '.join(name for name, one in sources.BUILTINS.items() if one.codebook)}",
            mend="write data.codebook: {numbers: …, categories: …} with what is publicly known",
        )
    return importlib.import_module(module, __package__).codebook()
