"""Generation against all that could have been written."""

from itertools import product

import pytest
import torch
from assay.models.generation import beam_search, generate, greedy, sampler, top_k, top_p
from assay.models.gpt import GPT
from assay.models.transformer import Transformer
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

LINES = st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=8)


@pytest.fixture
def model() -> GPT:
    """Four tokens, and opinions about them: large weights, so that no two continuations tie."""
    torch.manual_seed(0)
    model = GPT(4, width=8, depth=2, heads=2, length=12).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


def everything(model: GPT, prompt: Tensor, length: int, end: int | None, penalty: float):
    """Every continuation of one line with its score, best first: by one uncached pass each."""
    scored = {}
    for line in product(range(4), repeat=length):
        stop = line.index(end) + 1 if end in line else length
        written = line[:stop] + (end,) * (length - stop)  # what is behind the end counts for nothing
        tokens = torch.cat([prompt, torch.tensor(written)])
        logs = model(tokens.unsqueeze(0))[0].log_softmax(dim=1)
        total = sum(float(logs[len(prompt) - 1 + t, written[t]]) for t in range(stop))
        scored[written] = total / ((5 + stop) / 6) ** penalty
    return sorted(scored.items(), key=lambda item: -item[1])


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(("end", "penalty"), [(None, 0.0), (None, 0.6), (2, 0.0), (2, 0.6)])
@torch.no_grad()
def test_enough_beams_find_the_best_of_all_continuations(model, end, penalty, cached):
    """64 beams hold every beginning of three tokens: nothing is lost before the last."""
    prompts = torch.tensor([[0, 1], [3, 3]])
    lines, scores = beam_search(model, prompts, 4, beams=64, end=end, penalty=penalty, cached=cached)
    for row, prompt in enumerate(prompts):
        best = everything(model, prompt, 4, end, penalty)[:5]
        assert [tuple(line[2:].tolist()) for line in lines[row, :5]] == [line for line, _ in best]
        assert scores[row, :5].tolist() == pytest.approx([score for _, score in best], abs=1e-4)


@torch.no_grad()
def test_a_penalty_favours_longer_lines(model):
    prompt = torch.tensor([[0, 1]])
    best = [
        beam_search(model, prompt, 4, beams=64, end=2, penalty=penalty)[0][0, 0] for penalty in (0.0, 9.0)
    ]
    written = [int((line[2:] != 2).sum()) for line in best]
    assert written[0] < written[1]


@pytest.mark.parametrize("cached", [True, False])
def test_one_beam_is_greedy(model, cached):
    prompts = torch.randint(4, (5, 3))
    lines, _ = beam_search(model, prompts, 6, beams=1, end=2, cached=cached)
    assert torch.equal(lines[:, 0], generate(model, prompts, 6, end=2, cached=cached))


def test_two_beams_find_what_greedy_misses():
    """The likelier first token leads to a coin toss of three, the other to certainty."""
    following = torch.tensor([[0.6, 0.4, 0.0], [0.4, 0.3, 0.3], [0.0, 0.0, 1.0]]).log()

    def next_token(tokens: Tensor, cache: object) -> Tensor:
        lines = [0 if tokens.shape[1] == 1 else 1 + int(line[1] == 1) for line in tokens]
        return following[lines].unsqueeze(1)

    start = torch.tensor([[0]])
    assert generate(next_token, start, 2, cached=False).tolist() == [[0, 0, 0]]  # 0.6 × 0.4
    lines, scores = beam_search(next_token, start, 2, beams=2, cached=False)
    assert lines[0, 0].tolist() == [0, 1, 2]
    assert float(scores[0, 0]) == pytest.approx(torch.tensor(0.4).log().item())


def test_a_cache_changes_nothing_that_is_written(model):
    prompts = torch.randint(4, (5, 3))
    assert torch.equal(generate(model, prompts, 9), generate(model, prompts, 9, cached=False))
    drawn = [
        generate(model, prompts, 9, choose=sampler(generator=torch.Generator().manual_seed(1)), cached=cached)
        for cached in (True, False)
    ]
    assert torch.equal(*drawn)


@pytest.mark.parametrize("cached", [True, False])
def test_an_encoder_decoder_searches_each_of_its_sources(cached):
    torch.manual_seed(0)
    network = Transformer(9, width=16, depth=2, heads=2, length=8).eval()
    source, lengths, start = torch.randint(9, (3, 5)), torch.tensor([5, 2, 4]), torch.full((3, 1), 8)
    reader = network.reader(source, lengths, copies=4)
    lines, scores = beam_search(reader, start, 5, beams=4, cached=cached)
    for row in range(3):
        alone = network.reader(source[row : row + 1, : lengths[row]], copies=4)
        line, score = beam_search(alone, start[:1], 5, beams=4, cached=False)
        assert torch.equal(line[0], lines[row])
        torch.testing.assert_close(score[0], scores[row], rtol=1e-4, atol=1e-4)


def test_a_finished_line_repeats_its_end_and_all_finished_stop():
    def next_token(tokens: Tensor, cache: object) -> Tensor:
        return torch.nn.functional.one_hot((tokens + 1) % 5, 5).float() * 9

    found = generate(next_token, torch.tensor([[0], [2]]), 8, end=3, cached=False)
    assert found.tolist() == [[0, 1, 2, 3], [2, 3, 3, 3]]


@given(LINES, st.integers(1, 9))
def test_top_k_keeps_the_k_likeliest_and_their_ties(values, k):
    logits = torch.tensor([values])
    kept = top_k(logits, k)[0] > -torch.inf
    least = sorted(values, reverse=True)[min(k, len(values)) - 1]
    assert kept.tolist() == [value >= least for value in values]


@given(LINES, st.floats(0.01, 0.99))
def test_top_p_keeps_the_fewest_that_share_p(values, p):
    logits = torch.tensor([values])
    shares = logits.softmax(dim=1)[0]
    kept = top_p(logits, p)[0] > -torch.inf
    assert shares[kept].min() >= shares[~kept].max() if (~kept).any() else True
    assert shares[kept].sum() >= p - 1e-6
    assert shares[kept].sum() - shares[kept].min() < p + 1e-6


def test_draws_come_as_often_as_they_are_likely():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().expand(20_000, 4)

    def shares(**options: float) -> list[float]:
        choose = sampler(generator=torch.Generator().manual_seed(0), **options)
        return (choose(logits).bincount(minlength=4) / 20_000).tolist()

    assert shares() == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.015)
    assert shares(k=2) == pytest.approx([0.625, 0.375, 0, 0], abs=0.015)
    assert shares(p=0.85) == pytest.approx([0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0], abs=0.015)
    squares = torch.tensor([0.5, 0.3, 0.15, 0.05]) ** 2
    assert shares(temperature=0.5) == pytest.approx((squares / squares.sum()).tolist(), abs=0.015)


def test_the_limit_of_a_low_temperature_is_greedy():
    logits = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(sampler(temperature=1e-4)(logits), greedy(logits))
    assert torch.equal(sampler(k=1)(logits), greedy(logits))


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda logits: top_k(logits, 0), "k: got 0"),
        (lambda logits: top_p(logits, 0.0), r"p: got 0\.0"),
        (lambda logits: sampler(temperature=0.0), r"temperature: got 0\.0"),
    ],
)
def test_choices_that_make_no_sense_are_refused(choose, message):
    with pytest.raises(ValueError, match=message):
        choose(torch.zeros(1, 3))
