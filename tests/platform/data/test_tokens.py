"""Tokens against transformers' tokenizer of the same vocabulary, and what every text must survive."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from assay.models.inputs import END, MISSING, PAD, SPECIAL_TOKENS, START, UNKNOWN
from assay.platform.data.text_config import TextConfig
from assay.platform.data.tokens import Tokens
from assay.platform.exceptions import SpecError
from hypothesis import given
from hypothesis import strategies as st

SAID = [
    "The coat is warm, and the coat is heavy.",
    "A warm coat! I'd wear a coat all winter long! The best.",
    None,
    "Too heavy for me; too warm for spring",
]
TABLE = pa.table({"title": ["Warm", None, "NA", "Heavy coat"], "said": SAID})


def fitted(tokenizer: str = "bpe", **settings) -> Tokens:
    config = TextConfig(tokenizer=tokenizer, **{"vocabulary": 320, "length": 24, **settings})
    return Tokens.fit(TABLE, ["title", "said"], config)


def spelt(tokens: Tokens, line: np.ndarray) -> list[str]:
    return [tokens.vocabulary[code] for code in line if code != PAD]


@pytest.mark.parametrize("tokenizer", ["bpe", "words"])
def test_a_row_is_its_columns_one_behind_the_other(tokenizer):
    tokens = fitted(tokenizer)
    lines = tokens.transform(TABLE)
    assert lines.shape == (4, 24)
    assert lines.dtype == np.int64
    assert (lines[:, 0] == START).all()
    assert spelt(tokens, lines[2]) == ["[CLS]", "[MISSING]", "[SEP]", "[MISSING]", "[SEP]"]
    assert lines[1, :3].tolist() == [START, MISSING, END]
    assert (lines[0] == END).sum() == 2
    for line in lines:
        end = np.flatnonzero(line != PAD)[-1]
        assert (line[: end + 1] != PAD).all()


def test_words_are_cut_at_spaces_and_punctuation_and_rare_ones_are_unknown():
    tokens = fitted("words")
    table = pa.table({"title": ["Warm!"], "said": ["a cold winter coat"]})
    assert spelt(tokens, tokens.transform(table)[0]) == [
        "[CLS]", "warm", "!", "[SEP]", "a", "[UNK]", "[UNK]", "coat", "[SEP]",
    ]  # fmt: skip
    assert tokens.vocabulary[UNKNOWN] == "[UNK]"


def test_case_is_kept_where_it_is_asked_for():
    told = {lowercase: fitted("words", lowercase=lowercase).vocabulary for lowercase in (True, False)}
    assert "The" in told[False]
    assert "The" not in told[True]


@given(st.text(max_size=40))
def test_bytes_can_write_any_text_without_a_code_for_the_unknown(text):
    tokens = _ALL_BYTES
    line = tokens.transform(pa.table({"title": ["Warm"], "said": [text]}))[0]
    assert UNKNOWN not in line
    assert line.max() < len(tokens.vocabulary)


_ALL_BYTES = fitted(lowercase=False)


@given(
    st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "Z"]), min_size=1, max_size=30)
)
def test_the_pieces_of_a_text_put_together_are_the_text(text):
    cell = pa.table({"title": ["Warm"], "said": [text]})
    pieces = spelt(_ALL_BYTES, _ALL_BYTES.transform(cell)[0])
    told = pieces[pieces.index("[SEP]") + 1 : -1]
    if told != ["[MISSING]"] and len(pieces) < _ALL_BYTES.length:
        assert "".join(told).replace("Ġ", " ") == f" {text.strip()}"


def test_codes_are_those_of_transformers_with_the_same_vocabulary_and_merges():
    transformers = pytest.importorskip("transformers")
    tokens = fitted(length=60)
    codes = {token: code for code, token in enumerate(tokens.vocabulary)}
    theirs = transformers.GPT2Tokenizer(
        vocab=codes, merges=[tuple(pair) for pair in tokens.merges], add_prefix_space=True, unk_token="[UNK]"
    )
    texts = ["the coat is warm", "heavy winter, i'd say", "zebra 42"]
    table = pa.table({"title": ["Warm"] * 3, "said": texts})
    for text, line in zip(texts, tokens.transform(table), strict=True):
        second = line[list(line).index(END) + 1 :]
        assert second[: list(second).index(END)].tolist() == theirs(text)["input_ids"]


def test_merges_are_of_the_most_frequent_neighbours():
    tokens = Tokens.fit(
        pa.table({"said": ["aab aab aab", "aab"]}), ["said"], TextConfig(vocabulary=300, length=8)
    )
    # " aab" four times: its pairs are equally frequent; whichever comes first, three merges make it one.
    assert len(tokens.merges) == 3
    assert "Ġaab" in tokens.vocabulary
    assert spelt(tokens, tokens.transform(pa.table({"said": ["aab"]}))[0]) == ["[CLS]", "Ġaab", "[SEP]"]


@pytest.mark.parametrize("tokenizer", ["bpe", "words"])
def test_the_vocabulary_is_the_same_in_every_process(tokenizer):
    code = (
        "import pyarrow as pa, hashlib\n"
        "from assay.platform.data.tokens import Tokens\n"
        "from assay.platform.data.text_config import TextConfig\n"
        "words = [f'{a}{b}{c}' for a in 'bdfgk' for b in 'aeiou' for c in 'lmnrst']\n"
        "table = pa.table({'said': [' '.join(words[i:] + words[:i]) for i in range(60)]})\n"
        f"fitted = Tokens.fit(table, ['said'], TextConfig(tokenizer={tokenizer!r}, vocabulary=330))\n"
        "print(hashlib.sha256(repr(fitted).encode()).hexdigest())\n"
    )
    run = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(3)]
    assert run[0].stdout, run[0].stderr
    assert len({done.stdout for done in run}) == 1


def test_json_and_back_is_the_same():
    tokens = fitted()
    again = Tokens.from_json(json.loads(json.dumps(dataclasses.asdict(tokens))))
    assert again == tokens
    assert (again.transform(TABLE) == tokens.transform(TABLE)).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vocabulary": ("a", "b")}, "begins with"),
        ({"vocabulary": (*SPECIAL_TOKENS, "a", "a"), "merges": ()}, "repeats nothing"),
        ({"vocabulary": (*SPECIAL_TOKENS, 7), "merges": ()}, "texts are texts"),
        ({"tokenizer": "magic"}, "cut by bpe, words, characters"),
        ({"merges": (("a", "never seen"),)}, "doesn't hold"),
    ],
)
def test_what_was_tampered_with_is_refused_before_it_is_used(change, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(fitted(), **change)


def test_what_was_cut_is_counted():
    assert fitted(length=200).cut == 0
    assert fitted(length=6).cut == 0.75  # the row without any text has five
    assert fitted(length=6).transform(TABLE).shape == (4, 6)


def test_special_tokens_that_a_text_spells_out_are_ordinary_text():
    tokens = _ALL_BYTES
    line = tokens.transform(pa.table({"title": ["Warm"], "said": ["[MASK] [PAD] [CLS]"]}))[0]
    assert not {SPECIAL_TOKENS.index(name) for name in ("[MASK]", "[UNK]")} & set(line.tolist())
    assert list(line).count(START) == 1


@pytest.mark.parametrize(("key", "value"), [("vocabulary", 299), ("length", 3)])
def test_settings_out_of_range_are_refused(key, value):
    with pytest.raises(SpecError, match=rf"data.text.{key} is out of range"):
        TextConfig(**{key: value})
