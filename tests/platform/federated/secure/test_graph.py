"""Neighbourhoods against scipy's distributions and a search over all that may go."""

import itertools

import networkx
import numpy as np
import pytest
from assay.platform.exceptions import CombinationError
from assay.platform.federated.secure.graph import choose_neighbourhood, neighbours
from scipy.stats import hypergeom


def graph_of(clients, degree):
    found = neighbours(range(clients), degree)
    return networkx.Graph([(one, other) for one, others in found.items() for other in others])


@pytest.mark.parametrize(("clients", "degree"), [(3, 2), (10, 9), (12, 4), (50, 42), (9, 6)])
def test_every_client_has_as_many_neighbours_and_each_of_them_has_it(clients, degree):
    found = neighbours(range(clients), degree)
    assert all(len(set(others)) == degree and client not in others for client, others in found.items())
    assert all(client in found[other] for client, others in found.items() for other in others)
    assert networkx.node_connectivity(graph_of(clients, degree)) == degree


def test_the_order_is_another_every_time():
    assert len({str(neighbours(range(20), 4)) for _ in range(10)}) == 10


@pytest.mark.parametrize("clients", [50, 100, 300])
@pytest.mark.parametrize(("colluding", "dropouts"), [(0.1, 0.3), (0.05, 0.05), (0.3, 0.1)])
def test_the_chances_of_failing_are_below_the_limits_and_a_smaller_degree_has_none(
    clients, colluding, dropouts
):
    found = choose_neighbourhood(clients, colluding, dropouts)
    bad, gone = int(colluding * clients), int(dropouts * clients)

    def holding(degree):
        """Thresholds at which all three are rare enough."""
        threshold = np.arange(1, degree + 1)
        exposed = clients * hypergeom.sf(threshold - 1, clients - 1, bad, degree)
        lost = clients * hypergeom.sf(degree - threshold, clients - 1, gone, degree)
        apart = clients * hypergeom.pmf(degree // 2, clients, bad + gone, degree // 2)
        right = (exposed <= 2**-40) & (lost <= 2**-20) & (apart <= 2**-40) & (2 * threshold > degree)
        return threshold[right].tolist()

    assert found.degree < clients - 1
    assert max(holding(found.degree)) == found.threshold
    assert not any(holding(degree) for degree in range(2, found.degree, 2))


@pytest.mark.parametrize("clients", [3, 4, 5, 10])
def test_few_clients_are_all_neighbours(clients):
    found = choose_neighbourhood(clients, 0.1, 0.3)
    assert found.degree == clients - 1
    assert found.threshold == clients - 1 - int(0.3 * clients)
    assert 2 * found.threshold > found.degree
    assert int(0.1 * clients) < found.threshold


def test_three_of_ten_may_drop_out():
    assert choose_neighbourhood(10, 0.1, 0.3).threshold == 6


@pytest.mark.parametrize(
    ("clients", "colluding", "dropouts"), [(2, 0.0, 0.0), (1, 0.1, 0.3), (5, 0.1, 0.49), (7, 0.49, 0.45)]
)
def test_so_few_that_nothing_holds_are_refused(clients, colluding, dropouts):
    with pytest.raises(CombinationError, match="so few clients"):
        choose_neighbourhood(clients, colluding, dropouts)


@pytest.mark.parametrize(("clients", "degree"), [(9, 4), (10, 6)])
def test_a_graph_falls_apart_only_where_half_a_neighbourhood_in_a_row_goes_twice(clients, degree):
    circle = networkx.circulant_graph(clients, range(1, degree // 2 + 1))
    half = degree // 2
    for size in range(clients - 1):
        for gone in map(set, itertools.combinations(range(clients), size)):
            left = circle.subgraph(set(range(clients)) - gone)
            runs = [
                start
                for start in range(clients)
                if (start - 1) % clients not in gone
                and all((start + step) % clients in gone for step in range(half))
            ]
            assert networkx.is_connected(left) or len(runs) >= 2
