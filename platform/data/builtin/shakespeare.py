"""Shakespeare by speaker: 80 characters of what somebody says, and which character comes next.

The task of LEAF (Caldas et al., "LEAF: A Benchmark for Federated Settings" (2019), section 3,
https://arxiv.org/abs/1812.01097) on the 1.1 MB of plays known as tiny-shakespeare; see
`shakespeare/ATTRIBUTION.md`. LEAF moves its window by one character; here windows don't overlap, so that no
character of a test row stands in a train row, and the chain runs in minutes.
"""

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from ..reading import Reading

_FILE = Path(__file__).parent / "shakespeare" / "input.txt.gz"

CONTEXT = 80
"""Characters that a row knows, as in LEAF."""

FEWEST = 20
"""Rows that a character needs to be a class of its own."""

RARE = "another character"

#: What no table can show.
_SPELT = {"\n": "end of line", " ": "space"}

ROLES = {
    "speaker": ("ignored", "who says it: it deals rows to clients, and a character's name tells its words"),
}

HARMS = (
    "Speakers are told apart by name alone: the First Citizens and Messengers of all plays are one.",
    "English of about 1600, in one editor's spelling.",
)


def read(scratch: Path) -> Reading:
    """A row for every 81 characters that a speaker says in all; what is left of them is dropped."""
    rows = [
        (speaker, said[start : start + CONTEXT], said[start + CONTEXT])
        for speaker, said in speeches(gzip.decompress(_FILE.read_bytes()).decode("ascii")).items()
        for start in range(0, len(said) - CONTEXT, CONTEXT + 1)
    ]
    speakers, contexts, following = zip(*rows, strict=True)
    counts = Counter(following)
    told = [_SPELT.get(one, one) if counts[one] >= FEWEST else RARE for one in following]
    return Reading(
        table=pa.table({"speaker": list(speakers), "context": list(contexts), "next": told}),
        texts=("context",),
        target="next",
        roles=ROLES,
        harms=HARMS,
        notes=(
            f"each speaker's lines, behind one another, were cut into {CONTEXT} characters and the next",
            f"characters that follow fewer than {FEWEST} times are {RARE!r}",
        ),
    )


def speeches(text: str) -> dict[str, str]:
    """Everything that each speaker says, in the order of the plays, a line break between speeches.

    Args:
        text: speeches with an empty line between them, the speaker's name and a colon before each.
    """
    found: dict[str, list[str]] = {}
    for speaker, said in _speeches(text):
        found.setdefault(speaker, []).append(said)
    return {speaker: "\n".join(parts) for speaker, parts in found.items()}


def _speeches(text: str) -> Iterator[tuple[str, str]]:
    """Speaker and words of each speech; a few have a name alone."""
    for paragraph in re.split("\n\n+", text.strip()):
        head, _, words = paragraph.partition("\n")
        yield head.removesuffix(":"), words
