"""Several workers of a private run: one batch, one noise, the weights of one process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

PROGRAM = Path(__file__).with_name("two_workers.py")


@pytest.fixture(scope="module")
def of(tmp_path_factory) -> Callable[[str], list[dict[str, torch.Tensor]]]:
    """What a case came to: alone, on the first worker, on the second."""
    folder = tmp_path_factory.mktemp("workers")
    found = subprocess.run([sys.executable, PROGRAM, folder], capture_output=True, text=True, timeout=180)
    assert found.returncode == 0, found.stderr

    def load(case: str) -> list[dict[str, torch.Tensor]]:
        return [
            safetensors.torch.load_file(folder / f"{case}.{who}.safetensors")
            for who in ("alone", "rank0", "rank1")
        ]

    return load


def test_the_sum_over_workers_is_exact_and_undivided(of):
    for found in of("sum"):
        assert torch.equal(found["gradient"], torch.arange(80.0).view(16, 5).sum(0, keepdim=True) / 16)


@pytest.mark.parametrize("case", ["flat", "per_layer", "adaptive", "piecewise", "weighted", "thin"])
def test_two_workers_learn_what_one_learns_with_the_same_noise(of, case):
    alone, *workers = of(case)
    for found in workers:
        for name, expected in alone.items():
            torch.testing.assert_close(found[name], expected, rtol=1e-5, atol=1e-5)


def test_an_adaptive_bound_moves_and_moves_alike(of):
    alone, first, second = of("adaptive")
    assert abs(float(alone["bound"]) - 0.7) > 0.01
    assert torch.equal(first["bound"], second["bound"])


@pytest.mark.parametrize("case", ["flat", "adaptive", "thin", "secret"])
def test_workers_draw_the_same_and_hold_bitwise_the_same_weights(of, case):
    _, first, second = of(case)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_without_a_seed_workers_share_keys_that_no_other_run_has(of):
    alone, first, _ = of("secret")
    assert not torch.equal(alone["0.weight"], first["0.weight"])


def test_what_the_first_worker_refuses_all_refuse(of):
    assert all(bool(found["heard"]) for found in of("refused"))
