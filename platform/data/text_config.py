"""What a spec may say of texts: `data.text`."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from ..exceptions import SpecError


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """How texts become tokens; the vocabulary is learned on the train rows."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    tokenizer: Literal["bpe", "words", "characters"] = "bpe"
    """`bpe`: frequent pieces of words, down to single bytes; `words`: the most frequent words; `characters`:
    one by one, spaces and ends of lines too."""

    vocabulary: int = 8000
    """Codes at most; 300 or more, as single bytes and special tokens have theirs."""

    length: int = 256
    """Tokens of a row at most; what lies beyond is cut off."""

    lowercase: bool = True
    """Whether capital letters are read as small ones."""

    def __post_init__(self) -> None:
        for name, least in (("vocabulary", 300), ("length", 4)):
            if getattr(self, name) < least:
                raise SpecError(
                    f"data.text.{name} is out of range",
                    got=getattr(self, name),
                    expected=f"{least} or more",
                    mend=f"change data.text.{name}, or leave it out",
                )
