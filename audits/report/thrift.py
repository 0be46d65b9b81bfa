"""Keep a page small: beyond a number of rows, tables are named instead of shown, folded ones first."""

from dataclasses import replace

from .document import Block, Document, Fold, Inline, Prose, Section, Table, Text, Words

__all__ = ["ROWS", "lighten"]

ROWS = (1200, 400, 100)
"""Rows of all tables of one page: the first is tried first, the others where names or pictures are long."""

_WORDS = 5
"""Marked words that weigh as much as a row."""

_LEFT_OUT = ": left out to keep this page small; report.json has it."


def lighten(document: Document, rows: int) -> Document:
    """The document with at most so many rows; open tables have the first claim, in the order of the page."""
    blocks = [block for section in document.sections for block in section.blocks]
    shown: set[int] = set()
    for wanted in ([b for b in blocks if isinstance(b, Table)], [b for b in blocks if isinstance(b, Fold)]):
        for block in wanted:
            needed = _rows(block)
            if needed <= rows or (isinstance(block, Table) and block.kept):
                rows -= needed
                shown.add(id(block))
    return replace(document, sections=tuple(_lightened(section, shown) for section in document.sections))


def _rows(block: Block) -> int:
    if isinstance(block, Fold):
        return sum(_rows(inner) for inner in block.blocks)
    if isinstance(block, Words):
        return len(block.words) // _WORDS
    return len(block.rows) if isinstance(block, Table) else 0


def _lightened(section: Section, shown: set[int]) -> Section:
    return replace(
        section, blocks=tuple(_named(block) if _cut(block, shown) else block for block in section.blocks)
    )


def _cut(block: Block, shown: set[int]) -> bool:
    return isinstance(block, Table | Fold) and id(block) not in shown


def _named(block: Block) -> Prose:
    assert isinstance(block, Table | Fold)
    text: Text = block.caption if isinstance(block, Table) else block.summary
    words: tuple[Inline, ...] = text if isinstance(text, tuple) else (text,)
    return Prose((*words, _LEFT_OUT), small=True)
