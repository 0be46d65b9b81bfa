"""A claim for clients: the unit and the noise in words, who took part left out, no row's bound drawn."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from assay.audits.report import faults, render_html, render_markdown
from assay.audits.report.privacy_standouts import privacy_lines
from assay.audits.report.sections.privacy_clients import drift, rounds_in_words

Report = dict[str, Any]

ROUNDS = {"unit": "client", "clients": 250, "clients_a_round": 50, "sample_rate": 0.2, "steps": 16}


@pytest.fixture
def hidden(make: Callable[[str], Report]) -> Callable[..., Report]:
    """A private model whose claim is for clients, with this much noise."""

    def with_noise(times: float) -> Report:
        report = copy.deepcopy(make("private"))
        report["privacy"]["claimed"] |= ROUNDS | {"noise_over_bound": times}
        report["privacy"]["cumulative"]["unit"] = "client #773cf8fe1a77"
        return report

    return with_noise


def test_the_drift_is_that_of_a_random_walk_beside_a_straight_one():
    """Brute force: 16 rounds of noise in 4,000 directions, and clients that all pull along one."""
    draw, bound, deviation = np.random.default_rng(0), 0.5, 0.02
    walked = np.linalg.norm(draw.normal(0, deviation, (16, 4000)).sum(axis=0))
    claimed = ROUNDS | {"noise_over_bound": deviation * np.sqrt(4000) / bound}
    assert drift(claimed) == pytest.approx(walked / (16 * bound), rel=0.05)


def test_there_is_none_where_no_client_is_hidden_or_no_round_was_led(make):
    assert drift(make("private")["privacy"]["claimed"]) is None
    assert drift(ROUNDS | {"noise_over_bound": 1.0, "steps": 0}) is None
    assert rounds_in_words({}) == ""


def test_the_section_names_the_unit_and_says_how_loud_the_noise_is(hidden):
    report = hidden(2.0)
    assert faults(report) == []
    text = render_markdown(report)
    assert "one client with all of its train rows" in text
    assert "all rows with one value" not in text
    assert (
        "Each of 250 clients took part in each of 16 rounds by a coin of its own, with a chance of 20%"
        in text
    )
    assert "about 0.5 times as far" in text


@pytest.mark.parametrize(("times", "said"), [(3.9, False), (8.0, True)])
def test_noise_that_outweighs_what_clients_teach_stands_out(hidden, times, said):
    lines = ["".join(map(str, line)) for line in privacy_lines(hidden(times)["privacy"])]
    assert any("with 50 of them expected in a round" in line for line in lines) == said


def test_what_a_claim_for_clients_allows_of_rows_is_not_drawn(hidden, make):
    assert "more than the claimed ε allows" in render_html(make("private"), {})
    assert "more than the claimed ε allows" not in render_html(hidden(2.0), {})
