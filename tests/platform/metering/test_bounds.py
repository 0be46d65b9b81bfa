"""The range of an estimate against worked examples, and its laws."""

import pytest
from assay.platform.metering.bounds import JOULES_PER_KWH, Machine, Usage, energy_range
from hypothesis import given
from hypothesis import strategies as st

POSITIVE = st.floats(min_value=1e-9, max_value=1e6)


@given(
    cpu=POSITIVE, ram=POSITIVE, gpu=POSITIVE, seconds=POSITIVE, busy=POSITIVE, resident=POSITIVE,
    threads=st.integers(1, 512), memory=st.floats(0, 1e5), watts=st.none() | POSITIVE,
    mode=st.sampled_from(["cpu_load", "intel_rapl", "constant", "unknown"]),
)  # fmt: skip
def test_the_reading_lies_in_its_range(cpu, ram, gpu, seconds, busy, resident, threads, memory, watts, mode):
    machine = Machine(mode=mode, cpu_watts=watts, threads=threads, memory_gb=memory)
    usage = Usage(seconds=seconds, cpu_seconds=busy, resident_gb=resident)
    low, high = energy_range(machine, usage, cpu_kwh=cpu, ram_kwh=ram, gpu_kwh=gpu)
    assert 0 <= low <= (cpu + ram + gpu) * (1 + 1e-12)
    assert high >= (cpu + ram + gpu) * (1 - 1e-12)


def test_an_unknown_processor_spans_the_published_watts_a_thread():
    """One hour, two threads, one of them ours for the whole hour; 24 GB, 6 of them ours."""
    machine = Machine(mode="cpu_load", cpu_watts=8.0, threads=2, memory_gb=24.0)
    usage = Usage(seconds=3600, cpu_seconds=3600, resident_gb=6.0)
    low, high = energy_range(machine, usage, cpu_kwh=0.004, ram_kwh=0.020, gpu_kwh=0.0)
    assert low == pytest.approx((1.9 + 24 * 0.3725 * 6 / 24) / 1000)
    assert high == pytest.approx((2 * 10 + 20) / 1000)


def test_declared_watts_leave_only_the_question_whose_energy_it_is():
    machine = Machine(
        mode="cpu_load", cpu_watts=8.0, cpu_forced=True, ram_watts=20.0, threads=2, memory_gb=24.0
    )
    usage = Usage(seconds=3600, cpu_seconds=1800, resident_gb=12.0)
    low, high = energy_range(machine, usage, cpu_kwh=0.004, ram_kwh=0.020, gpu_kwh=0.0)
    assert low == pytest.approx((2 + 10) / 1000)
    assert high == pytest.approx((8 + 20) / 1000)


def test_a_counter_leaves_no_range_for_the_processor():
    machine = Machine(mode="intel_rapl", cpu_watts=200.0, ram_watts=1.0, threads=2, memory_gb=1.0)
    usage = Usage(seconds=3600, cpu_seconds=10, resident_gb=1.0)
    low, high = energy_range(machine, usage, cpu_kwh=0.1, ram_kwh=0.001, gpu_kwh=0.3)
    assert (low, high) == pytest.approx((0.401, 0.401))
    assert machine.method == "rapl"


def test_a_kilowatt_hour_is_3_6_megajoules():
    assert JOULES_PER_KWH == 1000 * 60 * 60
