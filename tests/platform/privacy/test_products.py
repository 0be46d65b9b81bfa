"""oneDNN's products, against torch's in float64."""

import pytest
import torch
from assay.models.supervised import Classification
from assay.platform.privacy.bookkeeping import BookKeeping
from assay.platform.privacy.choice import Choice
from assay.platform.privacy.layer import Way
from assay.platform.privacy.products import has_onednn, linear, transposed_product
from assay.platform.privacy.rules import RULES
from torch import nn

pytestmark = pytest.mark.skipif(not has_onednn(torch.ones(1)), reason="this torch has no oneDNN")


@pytest.mark.parametrize("sizes", [(1, 1, 1), (7, 5, 3), (64, 256, 108), (300, 33, 128)])
def test_products_are_those_of_float64_to_rounding(sizes):
    n, p, d = sizes
    left, right = torch.randn(n, p), torch.randn(n, d)
    exact = left.double().t() @ right.double()
    torch.testing.assert_close(transposed_product(left, right).double(), exact, rtol=1e-4, atol=1e-4)
    weight = torch.randn(p, d)
    exact = right.double() @ weight.double().t()
    torch.testing.assert_close(linear(right, weight).double(), exact, rtol=1e-4, atol=1e-4)


def test_a_sum_by_onednn_is_the_sum():
    way = next(way for way in RULES[nn.Linear].ways if way.name == "ghost by oneDNN")

    class Fixed(Choice):
        def of(self, *_: object) -> Way:
            return way

    module = Classification(nn.Linear(20, 30))
    inputs, target = torch.randn(16, 20), torch.randint(0, 30, (16,))
    sums = []
    for choice in (Fixed(), Choice(measured=False)):
        engine = BookKeeping(module, choice)
        squared = engine.squared_norms(lambda: module((inputs,), target), 16)
        sums.append({parameter: torch.zeros(parameter.shape) for parameter in engine.parameters})
        engine.add_clipped_sum(
            torch.rand(1, generator=torch.Generator().manual_seed(0)).expand_as(squared), sums[-1]
        )
        engine.close()
    for parameter, total in sums[0].items():
        torch.testing.assert_close(total, sums[1][parameter], rtol=1e-5, atol=1e-7)
