"""Writing with a model of the next token: greedy, sampled from the likeliest, or by beams.

Top-k: Fan et al. (2018), section 5.3, https://arxiv.org/abs/1805.04833. Top-p: Holtzman et al. (2020),
section 3.1, https://arxiv.org/abs/1904.09751. Beams with a penalty for length: Wu et al. (2016), section 7,
https://arxiv.org/abs/1609.08144

Shapes: B batch, T tokens, V vocabulary. A model is a function `(tokens (B, new), cache) -> logits
(B, new, V)`: a `GPT`, or the `reader` of a `Transformer`. With a cache it gets only tokens it hasn't seen.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .multi_head_attention import KeyValueCache

__all__ = ["beam_search", "generate", "greedy", "sampler", "top_k", "top_p"]

Model = Callable[[Tensor, KeyValueCache | None], Tensor]


def greedy(logits: Tensor) -> Tensor:
    """The likeliest token, `(B,)`."""
    return logits.argmax(dim=1)


def top_k(logits: Tensor, k: int) -> Tensor:
    """The `k` largest logits of each line `(B, V)`, the others at minus infinity; ties with the k-th stay."""
    if k < 1:
        raise ValueError(f"k: got {k}, expected at least 1")
    least = logits.topk(min(k, logits.shape[1]), dim=1).values[:, -1:]
    return logits.masked_fill(logits < least, -torch.inf)


def top_p(logits: Tensor, p: float) -> Tensor:
    """The fewest tokens that share at least `p` of the probability, the others at minus infinity."""
    if not 0 < p <= 1:
        raise ValueError(f"p: got {p}, expected a share above 0 and at most 1")
    ordered, order = logits.softmax(dim=1).sort(dim=1, descending=True)
    before = ordered.cumsum(dim=1) - ordered  # what the likelier ones share without this one
    outside = torch.zeros_like(before, dtype=torch.bool).scatter(1, order, before >= p)
    return logits.masked_fill(outside, -torch.inf)


def sampler(
    *,
    temperature: float = 1.0,
    k: int | None = None,
    p: float | None = None,
    generator: torch.Generator | None = None,
) -> Callable[[Tensor], Tensor]:
    """A choice at random by probability.

    Args:
        temperature: above 0; below 1 likely tokens get likelier still.
        k: choose among the `k` likeliest.
        p: then among the fewest that share `p` of the probability.
        generator: the source of chance.
    """
    if temperature <= 0:
        raise ValueError(f"temperature: got {temperature}, expected above 0; `greedy` is the limit")

    def choose(logits: Tensor) -> Tensor:
        logits = logits / temperature
        logits = logits if k is None else top_k(logits, k)
        logits = logits if p is None else top_p(logits, p)
        return logits.softmax(dim=1).multinomial(1, generator=generator).squeeze(1)

    return choose


@torch.no_grad()
def generate(
    model: Model,
    prompt: Tensor,
    length: int,
    *,
    choose: Callable[[Tensor], Tensor] = greedy,
    end: int | None = None,
    cached: bool = True,
) -> Tensor:
    """Continue each line.

    Args:
        model: gives the logits; a network should be in evaluation mode.
        prompt: tokens to start from, `(B, T)`, all equally long.
        length: most tokens to add.
        choose: `greedy` or a `sampler`, from logits `(B, V)` to tokens `(B,)`.
        end: token after which a line is finished: it is repeated to the line's end.
        cached: don't compute again what earlier tokens offer; the result is the same.

    Returns:
        Prompt and continuation, `(B, T + at most length)`.
    """
    tokens, cache = prompt, KeyValueCache() if cached else None
    finished = torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    for _ in range(length):
        token = choose(model(_unseen(tokens, cache), cache)[:, -1])
        if end is not None:
            token = token.masked_fill(finished, end)
            finished = finished | (token == end)
        tokens = torch.cat([tokens, token.unsqueeze(1)], dim=1)
        if finished.all():
            break
    return tokens


@torch.no_grad()
def beam_search(
    model: Model,
    prompt: Tensor,
    length: int,
    *,
    beams: int,
    end: int | None = None,
    penalty: float = 0.0,
    cached: bool = True,
) -> tuple[Tensor, Tensor]:
    """The likeliest continuations that `beams` open lines find: not always the likeliest of all.

    Args:
        model: gives the logits of `beams` rows a line of the prompt; a network in evaluation mode.
        prompt: tokens to start from, `(B, T)`.
        length: most tokens to add.
        beams: lines kept open for each line of the prompt.
        end: token after which a line is finished.
        penalty: alpha of Wu et al., equation 14: log-probability is divided by ((5 + tokens) / 6)^alpha.
        cached: don't compute again what earlier tokens offer; the result is the same.

    Returns:
        Lines, best first, `(B, beams, T + at most length)`, and their scores `(B, beams)`; minus infinity
        where there are fewer continuations than beams.
    """
    B, cache = len(prompt), KeyValueCache() if cached else None
    tokens = prompt.repeat_interleave(beams, dim=0)
    likelihood = torch.full((B, beams), -torch.inf, device=prompt.device)
    likelihood[:, 0] = 0  # copies of one line: the first token parts them
    written = torch.zeros(B, beams, device=prompt.device)
    finished = torch.zeros(B, beams, dtype=torch.bool, device=prompt.device)
    scores = likelihood
    for _ in range(length):
        following = model(_unseen(tokens, cache), cache)[:, -1].log_softmax(dim=1).unflatten(0, (B, beams))
        V = following.shape[2]
        if end is not None:
            only_end = torch.full((V,), -torch.inf, device=prompt.device)
            only_end[end] = 0
            following = torch.where(finished.unsqueeze(2), only_end, following)
        open_to = (likelihood.unsqueeze(2) + following).flatten(1)  # (B, beams * V)
        lengths = (written + ~finished).unsqueeze(2).expand(-1, -1, V).flatten(1)
        scores, best = (open_to / ((5 + lengths) / 6) ** penalty).topk(beams, dim=1)
        parent, token = best // V, best % V
        likelihood, written = open_to.gather(1, best), lengths.gather(1, best)
        finished = finished.gather(1, parent) | ((token == end) if end is not None else False)
        rows = (parent + torch.arange(B, device=prompt.device).unsqueeze(1) * beams).flatten()
        tokens = torch.cat([tokens[rows], token.flatten().unsqueeze(1)], dim=1)
        if cache is not None:
            cache.reorder(rows)
        if finished.all():
            break
    return tokens.unflatten(0, (B, beams)), scores


def _unseen(tokens: Tensor, cache: KeyValueCache | None) -> Tensor:
    """The tokens that the cache doesn't hold."""
    return tokens if cache is None else tokens[:, cache.length :]
