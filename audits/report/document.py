"""A report as a document: what HTML and Markdown both lay out, without a word of either.

    Document ─ title, stamp, headlines, standouts, unknowns, sections
    Section  ─ blocks: Prose · Facts · Table · Figure · Gallery · Listing · Words · Fold (blocks inside)
    Table    ─ rows of cells: text · Name · Code · Count · Measure · Mark · Absent and, drawn,
               Strip · Bar · Reach · Shade

Text is a plain `str` where it is ours, `Name` where it came from data, a spec or a person: renderers escape
both, and set names apart so that no direction mark, newline or megabyte of theirs reaches beyond its cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from markupsafe import Markup

from .charts.scale import Scale
from .metrics import Unit

Status = Literal["pass", "fail", "inconclusive", "none"]


@dataclass(frozen=True)
class Name:
    """Text from outside; `whole` text is sentences, and is not cut as a name is."""

    text: str
    whole: bool = False


@dataclass(frozen=True)
class Code:
    """Text to be typed or compared letter by letter: a command, a digest."""

    text: str


Inline = str | Name | Code
Text = Inline | tuple[Inline, ...]


@dataclass(frozen=True)
class Count:
    """Rows, parameters: a whole number."""

    n: float


@dataclass(frozen=True)
class Measure:
    """A measured number with its interval; `like` is the number of its column that sets the decimals."""

    number: Mapping[str, Any]
    unit: Unit
    like: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Mark:
    """A verdict: shape and word, colour only on top."""

    status: Status


@dataclass(frozen=True)
class Absent:
    """Why there is no number here."""

    reason: str


@dataclass(frozen=True)
class Strip:
    """A measured number drawn on a scale, with the limit and the bound that decides where there are any."""

    number: Mapping[str, Any]
    scale: Scale
    limit: Mapping[str, float] = field(default_factory=dict)
    bound: float | None = None
    hollow: bool = False


@dataclass(frozen=True)
class Bar:
    """A length from zero on its column's scale, with its interval."""

    number: Mapping[str, Any]
    scale: Scale


@dataclass(frozen=True)
class Reach:
    """A length from zero, hatched on to where it might have been; without a value nothing bounds it."""

    value: float | None
    scale: Scale
    until: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Shade:
    """A count whose background says its share of the row, in [0, 1]; `right` outlines right decisions."""

    n: float
    share: float
    right: bool


Cell = Text | Count | Measure | Mark | Absent | Strip | Bar | Reach | Shade | Scale
"""A bare scale draws its axis: the chart cell of a row of kind `group`."""


@dataclass(frozen=True)
class Column:
    """A column of a table; `scale` is drawn into the head of a chart column."""

    title: Text
    kind: Literal["text", "number", "chart"] = "text"
    scale: Scale | None = None


@dataclass(frozen=True)
class Row:
    """A row; the first cell heads it.

    A `group` heads the rows after it: a title that spans up to the chart cell, and that cell.
    """

    cells: tuple[Cell, ...]
    kind: Literal["", "strong", "soft", "group"] = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its caption; one that is kept is shown however long the page becomes."""

    caption: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    kept: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Prose:
    """One paragraph; a small one is an aside."""

    text: Text
    small: bool = False
    kind: ClassVar[str] = "prose"


@dataclass(frozen=True)
class Facts:
    """Short pairs of term and cell."""

    pairs: tuple[tuple[Text, Cell], ...]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Figure:
    """A drawing (SVG, already escaped) whose numbers stand in a table beside it."""

    svg: Markup
    caption: Text
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Picture:
    """One example picture by relative path, what it shows, and its caption."""

    path: str
    alt: str
    caption: Text


@dataclass(frozen=True)
class Gallery:
    """Example pictures."""

    pictures: tuple[Picture, ...]
    kind: ClassVar[str] = "gallery"


@dataclass(frozen=True)
class Listing:
    """Bullet points."""

    items: tuple[Text, ...]
    kind: ClassVar[str] = "listing"


@dataclass(frozen=True)
class Word:
    """One word of a foreign text; `level` is 0 to 4, by the size of its value."""

    text: str
    value: float | None
    level: int


@dataclass(frozen=True)
class Words:
    """A text, each word marked by what it is worth: by thickness and kind of its underline, then by shade."""

    caption: Text
    words: tuple[Word, ...]
    kind: ClassVar[str] = "words"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: Text
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Fold:
    """Blocks that a reader opens."""

    summary: Text
    blocks: "tuple[Block, ...]"
    kind: ClassVar[str] = "fold"


Block = Prose | Facts | Table | Figure | Gallery | Listing | Words | Heading | Fold


@dataclass(frozen=True)
class Section:
    """A part of the report with an anchor."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Headline:
    """One of the four numbers."""

    label: Text
    figure: str
    notes: tuple[Text, ...]
    anchor: str


@dataclass(frozen=True)
class Document:
    """Everything that a rendering lays out."""

    name: str
    version: str
    status: Status
    tally: str
    card: tuple[tuple[str, Text], ...]
    identity: tuple[tuple[str, Text], ...]
    notices: tuple[Text, ...]
    headlines: tuple[Headline, ...]
    standouts: tuple[Text, ...]
    unknowns: tuple[Text, ...]
    more_unknowns: tuple[Text, ...]
    sections: tuple[Section, ...]
    colophon: tuple[Text, ...]
