"""What the section `federated` refuses, with a way to mend it."""

import subprocess
import sys

import pytest
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.federated.config import FederatedConfig, PartitionConfig
from assay.platform.federated.methods import STRATEGIES


def test_the_defaults_stand():
    config = FederatedConfig()
    assert (config.drawn_clients, config.strategy, config.partition.by) == (10, "fedavg", "iid")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"clients": 0}, "federated.clients"),
        ({"rounds": 0}, "federated.rounds"),
        ({"local_epochs": 0}, "federated.local_epochs"),
        ({"fraction": 0.0}, "federated.fraction"),
        ({"fraction": 1.5}, "federated.fraction"),
        ({"least": 0}, "federated.least"),
        ({"timeout": 0.0}, "federated.timeout"),
        ({"personalize": -1}, "federated.personalize"),
        ({"outliers": 0.0}, "federated.outliers"),
        ({"outliers": 1.0}, "federated.outliers"),
        ({"strategy": "fedavgg"}, "did you mean 'fedavg'"),
        ({"strategy": "fedprox", "options": {"mu": 1}}, "has no option 'mu'"),
        ({"strategy": "fedavg", "options": {"mu": 1}}, "it has none"),
        ({"strategy": "fedprox", "options": {"proximal_mu": 0}}, "proximal_mu"),
        ({"strategy": "fedprox", "options": {"proximal_mu": True}}, "proximal_mu"),
        ({"strategy": "fedadam", "options": {"beta_1": 1.0}}, "beta_1"),
        ({"strategy": "trimmed_mean", "options": {"beta": 0.5}}, "beta"),
        ({"strategy": "krum"}, "num_malicious_nodes"),
        ({"strategy": "krum", "options": {"num_malicious_nodes": 1.5}}, "num_malicious_nodes"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(settings, said):
    with pytest.raises(SpecError, match=said):
        FederatedConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"alpha": 0.0}, "partition.alpha"),
        ({"shards": 0}, "partition.shards"),
    ],
)
def test_a_partition_that_makes_no_sense_is_refused(settings, said):
    with pytest.raises(SpecError, match=said):
        PartitionConfig(**settings)


def test_only_values_of_a_column_can_have_too_few_rows():
    assert PartitionConfig(by="column", column="site", minimum=20).minimum == 20
    with pytest.raises(CombinationError, match="minimum belongs to `by: column`"):
        PartitionConfig(by="iid", minimum=20)
    with pytest.raises(SpecError, match=r"federated\.partition\.minimum"):
        PartitionConfig(by="column", column="site", minimum=0)


def test_a_column_and_its_clients_belong_together():
    with pytest.raises(CombinationError, match="belongs to"):
        PartitionConfig(by="column")
    with pytest.raises(CombinationError, match="belongs to"):
        PartitionConfig(by="iid", column="country")
    with pytest.raises(CombinationError, match="clients can't be had with a column"):
        FederatedConfig(clients=3, partition=PartitionConfig(by="column", column="country"))


def test_every_option_has_a_range_and_every_strategy_a_paper():
    for name, method in STRATEGIES.items():
        assert set(method.options) == set(method.ranges), name
        assert "http" in method.paper, name


def test_flower_is_told_to_report_nothing_before_it_is_imported():
    code = (
        "import os, sys; os.environ['FLWR_TELEMETRY_ENABLED'] = '1'\n"
        "import assay.platform.federated.config\n"
        "assert 'flwr' not in sys.modules and 'torch' not in sys.modules\n"
        "import assay.platform.federated.rounds\n"
        "from flwr.supercore import telemetry\n"
        "print(telemetry.FLWR_TELEMETRY_ENABLED)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
