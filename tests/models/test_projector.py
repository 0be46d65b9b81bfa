"""The head that is thrown away."""

import torch
from assay.models.projector import projector


def test_it_goes_through_the_sizes_and_ends_in_a_linear_layer():
    head = projector(6, 8, 8, 3)
    kinds = [type(layer).__name__ for layer in head]
    assert kinds == ["Linear", "LayerNorm", "ReLU", "Linear", "LayerNorm", "ReLU", "Linear"]
    assert head(torch.randn(4, 6)).shape == (4, 3)


def test_no_row_depends_on_the_others():
    head, rows = projector(6, 8, 3).train(), torch.randn(5, 6)
    torch.testing.assert_close(head(rows), torch.cat([head(row[None]) for row in rows]))
