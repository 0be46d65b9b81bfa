"""Foreign text made harmless to read: no control of direction, no newline, no megabyte."""

import unicodedata

from .document import Code, Name, Text

__all__ = ["LONGEST_NAME", "LONGEST_TEXT", "spoken", "tame"]

LONGEST_NAME = 160
LONGEST_TEXT = 1500
"""Letters of one name, or of one piece of prose, on a page; report.json has it whole."""

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def tame(text: object, whole: bool = False) -> str:
    """One line of visible characters.

    White space becomes one space. Control, direction and other invisible characters become their code point
    in angle quotes, so that two names that differ only there still look different. Escaping comes after.
    """
    longest = LONGEST_TEXT if whole else LONGEST_NAME
    cut = " ".join(str(text)[: 4 * longest].split())
    short = cut if len(cut) <= longest else cut[: longest - 1] + "…"
    return "".join(f"‹U+{ord(c):04X}›" if unicodedata.category(c) in _HIDDEN else c for c in short)


def spoken(text: Text) -> str:
    """Text without its marks: for a label that is read aloud, a terminal, a log."""
    if isinstance(text, Name | Code):
        return tame(text.text, isinstance(text, Name) and text.whole)
    return text if isinstance(text, str) else "".join(spoken(part) for part in text)
