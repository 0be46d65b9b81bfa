"""report.json as a Hugging Face model card: a head that a hub indexes, then the same content in tables."""

import re
from collections.abc import Container, Mapping
from typing import Any

import yaml

from .compose import compose
from .document import (
    Block,
    Document,
    Facts,
    Figure,
    Fold,
    Gallery,
    Heading,
    Listing,
    Picture,
    Prose,
    Table,
    Word,
    Words,
)
from .figures import plain
from .markdown_text import cell, escape, inline, table
from .model_card import front_matter

__all__ = ["render_markdown"]

_BESIDE = re.compile(r"([A-Za-z0-9_-]{1,60}/){0,3}[A-Za-z0-9_-]{1,60}\.png")
_VERDICTS = {
    "pass": "✓ The gate is passed",
    "fail": "✗ The gate is failed",
    "inconclusive": "◐ The gate is inconclusive",
    "none": "– There is no gate",
}


def render_markdown(report: Mapping[str, Any], pictures: Container[str] | None = None) -> str:
    """The card; the same report gives the same bytes.

    Args:
        report: report.json, with or without a verdict.
        pictures: relative paths of the pictures that lie beside the card, which are linked; None: all.
    """
    document = compose(report)
    head = yaml.safe_dump(front_matter(report), sort_keys=False, allow_unicode=True, width=10_000)
    lines = ["---", head.rstrip("\n"), "---", "", *_opening(document)]
    for section in document.sections:
        lines += [f"## {inline(section.title)}", ""]
        for block in section.blocks:
            lines += _block(block, pictures)
    lines += [f"- {inline(line)}" for line in document.colophon]
    return "\n".join(lines).rstrip("\n").encode("utf-8", "replace").decode("utf-8") + "\n"


def _opening(document: Document) -> list[str]:
    version = f", {document.version}" if document.version else ""
    lines = [f"# {escape(document.name)}{version}", ""]
    lines += [f"**{_VERDICTS[document.status]}** ({document.tally}).", ""]
    lines += [f"**{inline(notice)}**\n" for notice in document.notices]
    for word, text in document.card:
        lines += [f"{f'**{word}** ' if word else ''}{inline(text)}", ""]
    lines += ["| What | Value | |", "| --- | ---: | --- |"]
    for one in document.headlines:
        notes = "; ".join(inline(note) for note in one.notes)
        lines.append(f"| {inline(one.label)} | **{one.figure}** | {notes} |")
    if document.standouts:
        lines += ["", "## What stands out", "", *(f"- {inline(line)}" for line in document.standouts)]
    lines += ["", "## What is not known", ""]
    known = (*document.unknowns, *document.more_unknowns)
    lines += [f"- {inline(line)}" for line in known] or ["Nothing that was asked for is missing."]
    return [*lines, ""]


def _block(block: Block, pictures: Container[str] | None) -> list[str]:
    match block:
        case Prose():
            return [inline(block.text), ""]
        case Heading():
            return [f"### {inline(block.text)}", ""]
        case Facts():
            return [*(f"- {inline(term)}: {cell(value)}" for term, value in block.pairs), ""]
        case Listing():
            return [*(f"- {inline(item)}" for item in block.items), ""]
        case Table():
            return table(block)
        case Gallery():
            return [_picture(one, pictures) for one in block.pictures]
        case Words():
            return [f"{inline(block.caption)} {' '.join(_word(word) for word in block.words)}", ""]
        case Fold():
            return [line for inner in block.blocks for line in _block(inner, pictures)]
        case Figure():
            return []  # its numbers are in the table that follows


def _word(word: Word) -> str:
    """A word, with its value where it is worth something."""
    told = "" if word.value is None or not word.level else f" ({plain(word.value, 2)})"
    return escape(word.text) + told


def _picture(one: Picture, pictures: Container[str] | None) -> str:
    """A link to a picture beside the card; a path that could lead anywhere else is named, not linked."""
    linked = _BESIDE.fullmatch(one.path) and (pictures is None or one.path in pictures)
    shown = f"![{escape(one.alt)}]({one.path})" if linked else escape(one.path)
    return f"{shown} {inline(one.caption)}\n"
