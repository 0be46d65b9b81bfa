"""GPT with a layer on top: the last token, which has seen all others, decides.

Radford et al., "Improving Language Understanding by Generative Pre-Training" (2018), section 3.2,
https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf, on the network
of GPT-2 (2019). The defaults are the smallest GPT-2's: made for pretraining on billions of words.
"""

from torch import Tensor, nn

from .bert import initialize
from .gpt import GPT
from .inputs import TextInput
from .network import TextNetwork
from .pooling import pool_last

__all__ = ["GPTClassifier"]


class GPTClassifier(TextNetwork):
    """GPT's decoder, the state of each line's last token, a linear layer.

    Args:
        inputs: vocabulary and length of the lines.
        outputs: number of classes, or 1 for regression.
        width: components of a token, a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads.
        dropout: share dropped.
    """

    def __init__(
        self,
        inputs: TextInput,
        outputs: int,
        *,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.width = width
        self.gpt = GPT(
            inputs.vocabulary, width=width, depth=depth, heads=heads, length=inputs.length, dropout=dropout
        )
        self.head = nn.Linear(width, outputs).apply(initialize)

    @property
    def tokens(self) -> nn.Embedding:
        """The vector of each code of the vocabulary."""
        return self.gpt.tokens

    def states(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """What each token and those before it mean, `(B, T, D)`: what fills a line up comes after all."""
        return self.gpt.encode(tokens)

    def pool(self, states: Tensor, lengths: Tensor) -> Tensor:
        """The last token's, `(B, D)`."""
        return pool_last(states, lengths)
