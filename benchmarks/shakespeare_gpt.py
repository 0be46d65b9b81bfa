"""Does our GPT learn what nanoGPT's does? Tiny Shakespeare by character, at its published CPU size.

Target: at most 1.90 nats a character on the last tenth of the text; nanoGPT's README gives 1.88. Four layers,
four heads, width 128, a context of 64, batches of 12, 2,000 steps of AdamW (rate 1e-3 to 1e-4 along a cosine
after 100 steps of warm-up, beta2 0.99, decay 0.1, gradients clipped at 1), no dropout:
https://github.com/karpathy/nanoGPT, "I only have a macbook". The peer's loss is an estimate from 240 windows;
ours is the mean over every window of the last tenth, one after the other.

    python benchmarks/shakespeare_gpt.py [input.txt]

The text is that of https://github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt. By default it is
looked for in shared/data/shakespeare beside the checkout; where there is none, the benchmark says so.
"""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from assay.models.generation import generate, sampler
from assay.models.gpt import GPT
from assay.models.optimizers import build_optimizer
from assay.models.schedules import build_schedule
from record import write
from torch import Tensor

PUBLISHED, TARGET = 1.88, 1.90
CONTEXT, BATCH, STEPS, RATE, SEED = 64, 12, 2_000, 1e-3, 0
TEXT = Path(__file__).parents[2] / "shared" / "data" / "shakespeare" / "input.txt"


def main(path: Path) -> None:
    """Train once, and write down the loss."""
    if not path.is_file():
        print(f"skipped: there is no text at {path}; give its path as the first argument")
        return
    codes, letters = characters(path.read_text(encoding="utf-8"))
    train, validation = codes[: int(0.9 * len(codes))], codes[int(0.9 * len(codes)) :]
    torch.manual_seed(SEED)
    network = GPT(len(letters), width=128, depth=4, heads=4, length=CONTEXT, dropout=0.0)
    began = time.process_time()
    learn(network, train)
    seconds = time.process_time() - began
    loss = mean_loss(network, validation)
    print(written(network, letters))
    parameters = sum(p.numel() for p in network.parameters())
    row = {"what": "validation loss, nats a character", "ours": loss, "nanogpt_published": PUBLISHED}
    write("shakespeare_gpt", [row | {"target": TARGET, "reached": loss <= TARGET, "parameters": parameters,
                                     "cpu_s": seconds}], seed=SEED)  # fmt: skip


def characters(text: str) -> tuple[Tensor, list[str]]:
    """The code of each character, `(characters,)`, and the characters by code."""
    letters = sorted(set(text))
    codes = {letter: code for code, letter in enumerate(letters)}
    return torch.tensor([codes[letter] for letter in text]), letters


def learn(network: GPT, text: Tensor) -> None:
    """2,000 steps on random windows."""
    optimizer = build_optimizer("adamw", network, learning_rate=RATE, weight_decay=0.1, betas=(0.9, 0.99))
    schedule = build_schedule("cosine", STEPS, warmup=100 / STEPS, end=0.1)
    generator = torch.Generator().manual_seed(SEED)
    network.train()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * schedule(step)
        starts = torch.randint(len(text) - CONTEXT, (BATCH, 1), generator=generator)
        windows = text[starts + torch.arange(CONTEXT + 1)]
        optimizer.zero_grad()
        losses(network, windows).mean().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()


def losses(network: GPT, windows: Tensor) -> Tensor:
    """Loss of each character but the first, `(windows, 64)`, from windows `(windows, 65)`."""
    logits = network(windows[:, :-1])
    return F.cross_entropy(logits.transpose(1, 2), windows[:, 1:], reduction="none")


@torch.no_grad()
def mean_loss(network: GPT, text: Tensor) -> float:
    """Mean over every window of a text, one after the other."""
    network.eval()
    windows = text.unfold(0, CONTEXT + 1, CONTEXT)
    return float(torch.cat([losses(network, part) for part in windows.split(64)]).mean())


def written(network: GPT, letters: list[str]) -> str:
    """What it writes after a line's end, as long as its context."""
    start = torch.tensor([[letters.index("\n")]])
    choose = sampler(temperature=0.8, k=20, generator=torch.Generator().manual_seed(SEED))
    return "".join(letters[code] for code in generate(network, start, CONTEXT - 1, choose=choose)[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TEXT)
