"""Rows dealt to clients: every row once, nobody empty, and the shapes that the papers describe."""

import numpy as np
import pytest
from assay.platform.exceptions import SpecError
from assay.platform.federated.config import FederatedConfig, PartitionConfig
from assay.platform.federated.partitions import (
    NOBODY,
    deal_alike,
    dirichlet,
    iid,
    label_shards,
    partition,
    quantity,
)
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = st.integers(20, 300)
CLIENTS = st.integers(1, 20)
SEEDS = st.integers(0, 2**32)


def labels_of(rows: int, classes: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, rows)


def deal(how: str, labels: np.ndarray, clients: int, seed: int) -> np.ndarray:
    return {
        "iid": lambda: iid(len(labels), clients, seed),
        "dirichlet": lambda: dirichlet(labels, clients, 0.1, seed),
        "label_shards": lambda: label_shards(labels, clients, 1, seed),
        "quantity": lambda: quantity(len(labels), clients, 0.1, seed),
    }[how]()


@pytest.mark.parametrize("how", ["iid", "dirichlet", "label_shards", "quantity"])
@settings(deadline=None)
@given(rows=ROWS, clients=CLIENTS, classes=st.integers(1, 6), seed=SEEDS)
def test_every_row_is_somebodys_and_nobody_has_none(how, rows, clients, classes, seed):
    labels = labels_of(rows, classes, seed)
    owner = deal(how, labels, clients, seed)
    assert owner.shape == (rows,)
    assert np.bincount(owner, minlength=clients).shape == (clients,)
    assert np.bincount(owner, minlength=clients).min() >= 1
    np.testing.assert_array_equal(owner, deal(how, labels, clients, seed))


@settings(deadline=None)
@given(rows=ROWS, clients=CLIENTS, seed=SEEDS)
def test_iid_sizes_differ_by_one_at_most(rows, clients, seed):
    sizes = np.bincount(iid(rows, clients, seed), minlength=clients)
    assert sizes.max() - sizes.min() <= 1


def test_another_seed_deals_otherwise():
    labels = labels_of(200, 4, 0)
    for how in ("iid", "dirichlet", "label_shards", "quantity"):
        assert (deal(how, labels, 5, 0) != deal(how, labels, 5, 1)).any(), how


def test_two_label_shards_hold_two_labels_where_the_sizes_allow_it():
    labels = np.repeat(np.arange(10), 100)
    owner = label_shards(labels, 10, 2, seed=0)
    assert np.bincount(owner).tolist() == [100] * 10
    assert max(len(np.unique(labels[owner == client])) for client in range(10)) == 2


def test_dirichlet_shares_have_the_moments_of_the_distribution():
    """A client's share of a class has mean 1/n and variance (n - 1) / (n² (n alpha + 1))."""
    clients, alpha, rows = 5, 0.5, 10_000
    shares = np.array(
        [
            np.bincount(dirichlet(np.zeros(rows, dtype=int), clients, alpha, seed), minlength=clients) / rows
            for seed in range(400)
        ]
    )
    expected = (clients - 1) / (clients**2 * (clients * alpha + 1))
    assert shares.mean() == pytest.approx(1 / clients)
    assert shares.var(axis=0).mean() == pytest.approx(expected, rel=0.1)


def test_a_small_alpha_parts_labels_and_a_large_one_does_not():
    labels = labels_of(5000, 5, 0)
    config = FederatedConfig(clients=10)
    distances = []
    for alpha in (0.05, 1.0, 1000.0):
        told = FederatedConfig(clients=10, partition=PartitionConfig(by="dirichlet", alpha=alpha))
        dealt = partition(told, labels=(labels, labels[:0]), values=None, seed=0)
        distances.append(np.mean([row["distance"] for row in dealt.picture(labels, list("abcde"))]))
    assert distances[0] > 0.5 > distances[1] > 0.05 > distances[2]
    assert config.partition.by == "iid"


@settings(deadline=None)
@given(rows=ROWS, clients=CLIENTS, seed=SEEDS)
def test_further_rows_are_dealt_in_each_clients_proportions(rows, clients, seed):
    labels, others = labels_of(rows, 3, seed), labels_of(rows // 2, 4, seed + 1)
    owner = dirichlet(labels, clients, 0.5, seed)
    dealt = deal_alike(owner, labels, others, clients, seed)
    for label in range(3):
        held = np.bincount(owner[labels == label], minlength=clients)
        got = np.bincount(dealt[others == label], minlength=clients)
        if held.sum():
            assert np.abs(got - held / held.sum() * got.sum()).max() <= 1
    assert ((dealt >= 0) & (dealt < clients)).all()


def test_a_column_makes_a_client_of_each_value_and_leaves_strangers_to_nobody():
    told = FederatedConfig(partition=PartitionConfig(by="column", column="town"))
    values = (np.array(["b", "a", "b"]), np.array(["a", "c"]))
    labels = (np.array([0, 1, 1]), np.array([0, 1]))
    dealt = partition(told, labels=labels, values=values, seed=0)
    assert dealt.names == ("a", "b")
    assert dealt.train.tolist() == [1, 0, 1]
    assert dealt.validation.tolist() == [0, NOBODY]
    assert dealt.picture(labels[0], ("no", "yes")) == [
        {
            "client": "a",
            "train": 1,
            "validation": 1,
            "labels": {"no": 0, "yes": 1},
            "distance": pytest.approx(1 / 3),
        },
        {
            "client": "b",
            "train": 2,
            "validation": 0,
            "labels": {"no": 1, "yes": 1},
            "distance": pytest.approx(1 / 6),
        },
    ]


@pytest.mark.parametrize(
    ("by", "rows"), [("iid", 9), ("dirichlet", 9), ("quantity", 9), ("label_shards", 19)]
)
def test_fewer_rows_than_clients_are_refused(by, rows):
    told = FederatedConfig(clients=10, partition=PartitionConfig(by=by))
    labels = (np.zeros(rows, dtype=int), np.zeros(0, dtype=int))
    with pytest.raises(SpecError, match="fewer train rows"):
        partition(told, labels=labels, values=None, seed=0)
