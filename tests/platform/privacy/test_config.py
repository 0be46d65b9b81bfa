"""The section of the spec."""

import math
import subprocess
import sys

import pytest
from assay.platform.exceptions import SpecError
from assay.platform.privacy.config import PrivacyConfig


@pytest.mark.parametrize(
    "wrong",
    [{"epsilon": 0}, {"epsilon": -1.0}, {"epsilon": math.nan}, {"delta": 1}, {"delta": 0},
     {"max_grad_norm": 0}, {"physical_batch": 0}],
)  # fmt: skip
def test_values_out_of_range_are_refused_by_name(wrong):
    with pytest.raises(SpecError, match=f"privacy.{next(iter(wrong))}"):
        PrivacyConfig(**wrong)


def test_the_configuration_imports_no_heavy_library():
    code = (
        "import sys; import assay.platform.privacy.config;"
        "assert not {'torch', 'numpy', 'opacus', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
