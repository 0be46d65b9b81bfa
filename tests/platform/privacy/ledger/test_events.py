"""Events as JSON, and as Google's dp-accounting reads them."""

import json
import math

import pytest
from assay.platform.exceptions import SpecError
from assay.platform.privacy.accountant import SubsampledGaussian
from assay.platform.privacy.ledger.events import (
    Composed,
    Event,
    Gaussian,
    Laplace,
    NonPrivate,
    PoissonSampled,
    SelfComposed,
    dp_sgd,
    event_from_json,
    event_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

NOISE = st.floats(1e-3, 1e3)
GAUSSIANS = st.builds(Gaussian, noise_multiplier=NOISE)
EVENTS = st.recursive(
    GAUSSIANS
    | st.builds(Laplace, noise_multiplier=NOISE)
    | st.builds(PoissonSampled, sampling_probability=st.floats(1e-6, 1), event=GAUSSIANS)
    | st.just(NonPrivate()),
    lambda inner: (
        st.builds(SelfComposed, event=inner, count=st.integers(0, 10_000))
        | st.builds(Composed, events=st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=5,
)


@given(event=EVENTS)
def test_an_event_comes_back_from_json_as_it_was(event: Event):
    assert event_from_json(json.loads(json.dumps(event.to_json()))) == event


@settings(deadline=None)  # the first one imports dp-accounting
@given(event=EVENTS)
def test_names_and_fields_are_those_of_dp_accounting(event: Event):
    dp = pytest.importorskip("dp_accounting")

    def theirs(value):
        if isinstance(value, dict):
            fields = {name: theirs(field) for name, field in value.items() if name != "type"}
            return getattr(dp, value["type"])(**fields)
        return [theirs(one) for one in value] if isinstance(value, list) else value

    assert type(theirs(event.to_json())).__name__ == event.to_json()["type"]


def test_what_the_accountant_counts_is_an_event():
    first = SubsampledGaussian(noise_multiplier=1.0, sample_rate=0.1, steps=10)
    second = SubsampledGaussian(noise_multiplier=2.0, sample_rate=0.2, steps=5)
    never = SubsampledGaussian(noise_multiplier=0.0, sample_rate=0.2, steps=0)
    one = dp_sgd(noise_multiplier=1.0, sample_rate=0.1, steps=10)
    two = dp_sgd(noise_multiplier=2.0, sample_rate=0.2, steps=5)
    assert event_of([first, never]) == one
    assert event_of([first, second]) == Composed(events=(one, two))
    assert event_of([never]) == Composed(events=())
    noiseless = SubsampledGaussian(noise_multiplier=0.0, sample_rate=0.2, steps=1)
    assert event_of([first, noiseless]) == NonPrivate()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Gaussian(noise_multiplier=0.0),
        lambda: Gaussian(noise_multiplier=math.nan),
        lambda: Laplace(noise_multiplier=-1.0),
        lambda: Laplace(noise_multiplier=math.inf),
        lambda: dp_sgd(noise_multiplier=1.0, sample_rate=0.0, steps=1),
        lambda: dp_sgd(noise_multiplier=1.0, sample_rate=1.1, steps=1),
        lambda: dp_sgd(noise_multiplier=1.0, sample_rate=0.1, steps=-1),
        lambda: dp_sgd(noise_multiplier=1.0, sample_rate=0.1, steps=1.5),  # type: ignore[arg-type]
        lambda: dp_sgd(noise_multiplier=1.0, sample_rate=0.1, steps=True),
        lambda: dp_sgd(noise_multiplier=1.0, sample_rate=0.1, steps=10**400),
        lambda: Gaussian(noise_multiplier=1e-300),
        lambda: PoissonSampled(sampling_probability=0.1, event=Laplace(noise_multiplier=1.0)),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_mechanism_is_refused(make):
    with pytest.raises(SpecError, match="of a privacy event is out of range"):
        make()


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"type": "GaussianDpEvent"},
        {"type": "GaussianDpEvent", "noise_multiplier": "1"},
        {"type": "UnsupportedDpEvent"},
        {"type": "ComposedDpEvent", "events": 3},
        {
            "type": "PoissonSampledDpEvent",
            "sampling_probability": 0.1,
            "event": {"type": "NonPrivateDpEvent"},
        },
    ],
)
def test_what_is_no_event_is_refused(value):
    with pytest.raises(SpecError):
        event_from_json(value)


def test_events_nested_without_end_are_refused():
    value = {"type": "NonPrivateDpEvent"}
    for _ in range(50):
        value = {"type": "SelfComposedDpEvent", "event": value, "count": 1}
    with pytest.raises(SpecError, match="events inside one another"):
        event_from_json(value)
