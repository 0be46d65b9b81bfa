"""Shakespeare as it is packaged: pieces of what each speaker says, none of them overlapping."""

import gzip
import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest
from assay.platform.data.builtin import shakespeare
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.text_config import TextConfig
from assay.platform.data.tokens import Tokens

FOLDER = Path(shakespeare.__file__).parent / "shakespeare"

PLAY = """ROMEO:
Is the day so young?

BENVOLIO:
But new struck nine.

ROMEO:
Ay me!
sad hours seem long."""


@pytest.fixture(scope="module")
def text() -> str:
    return gzip.decompress((FOLDER / "input.txt.gz").read_bytes()).decode()


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> pa.Table:
    return shakespeare.read(tmp_path_factory.mktemp("scratch")).table


def test_the_file_is_the_one_that_the_attribution_names(text):
    named = re.findall(r"`([0-9a-f]{64})`", (FOLDER / "ATTRIBUTION.md").read_text())
    packed = (FOLDER / "input.txt.gz").read_bytes()
    assert named == [hashlib.sha256(content).hexdigest() for content in (text.encode(), packed)]


def test_what_each_speaker_says_is_joined_in_order():
    assert shakespeare.speeches(PLAY) == {
        "ROMEO": "Is the day so young?\nAy me!\nsad hours seem long.",
        "BENVOLIO": "But new struck nine.",
    }


def test_every_letter_of_the_plays_is_said_by_somebody(text):
    """Read line by line: a line after an empty one that ends in a colon names who says what follows."""
    expected, speaker, fresh = defaultdict(list), "", True
    for line in text.splitlines():
        if fresh and line.endswith(":"):
            speaker, fresh = line[:-1], False
        elif line:
            expected[speaker].append(line)
        fresh = not line
    found = {name: said for name, said in shakespeare.speeches(text).items() if said}
    assert {name: said.replace("\n", "") for name, said in found.items()} == {
        name: "".join(lines) for name, lines in expected.items()
    }


def test_rows_put_together_again_are_what_was_said(table, text):
    spelt = {"end of line": "\n", "space": " "}
    said, pieces = shakespeare.speeches(text), defaultdict(list)
    for row in table.to_pylist():
        assert len(row["context"]) == shakespeare.CONTEXT
        pieces[row["speaker"]].append((row["context"], spelt.get(row["next"], row["next"])))
    for speaker, rows in pieces.items():
        for place, (context, following) in enumerate(rows):
            start = place * 81
            assert said[speaker][start : start + 80] == context
            assert following in (said[speaker][start + 80], shakespeare.RARE)
        assert len(said[speaker]) - 81 * len(rows) <= 80


def test_rare_characters_are_one_class(table):
    counts = Counter(table["next"].to_pylist())
    assert (table.num_rows, len(set(table["speaker"].to_pylist())), len(counts)) == (12_546, 256, 38)
    assert min(counts.values()) >= shakespeare.FEWEST


def test_it_is_read_as_text_whose_target_is_the_next_character(tmp_path):
    ingest(DataConfig(source="builtin:shakespeare"), out=tmp_path)
    schema = Dataset.open(tmp_path).schema
    assert (schema.modality, schema.target, schema.task) == ("text", "next", "multiclass")
    assert [column.name for column in schema.features] == ["context"]


def test_characters_are_read_one_by_one_spaces_and_ends_of_lines_too():
    table = pa.table({"context": ["to be\nor", "To  be"] * 2})
    config = TextConfig(tokenizer="characters", lowercase=False, length=16)
    tokens = Tokens.fit(table, ["context"], config)
    spelt = ["".join(tokens.vocabulary[code] for code in row if code > 4) for row in tokens.transform(table)]
    assert spelt[:2] == ["to be\nor", "To  be"]
    assert Tokens.from_json(asdict(tokens)).transform(table).tolist() == tokens.transform(table).tolist()
    unseen = tokens.transform(pa.table({"context": ["tz"]}))[0]
    assert tokens.vocabulary[unseen[2]] == "[UNK]"
