"""The meter against trackers that misbehave, and against CodeCarbon itself."""

import logging
import threading
import time
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from assay.platform.metering import EnergyMeter, Reading
from assay.platform.metering.bounds import JOULES_PER_KWH


@dataclass
class Constant:
    """A tracker of a machine that always draws the same power; every slice is worth its seconds."""

    cpu: float = 30.0
    ram: float = 10.0
    gpu: float = 0.0
    gpu_count: int = 0

    def __post_init__(self):
        self.lengths = []
        self._conf = {"cpu_count": 2, "ram_total_size": 16.0, "gpu_count": self.gpu_count}

    def start_task(self, task_name):
        self.began = time.perf_counter()

    def stop_task(self, task_name):
        self.lengths.append(time.perf_counter() - self.began)
        hours = self.lengths[-1] / JOULES_PER_KWH
        return SimpleNamespace(
            cpu_energy=self.cpu * hours, ram_energy=self.ram * hours, gpu_energy=self.gpu * hours
        )


def meter(tracker, **options) -> EnergyMeter:
    return EnergyMeter(open_tracker=lambda cpu, ram: tracker, **options)


def measured(tracker, **options) -> Reading:
    with meter(tracker, **options).measure("work") as reading:
        time.sleep(0.02)
    return reading


def test_a_block_is_worth_its_seconds_times_the_power():
    tracker = Constant()
    reading = measured(tracker)
    assert len(tracker.lengths) == 1
    assert 0.02 <= tracker.lengths[0] <= reading.seconds
    assert reading.kwh == pytest.approx(40 * tracker.lengths[0] / JOULES_PER_KWH)
    assert reading.cpu_kwh == pytest.approx(3 * reading.ram_kwh)
    assert reading.flags == ()
    assert reading.low < reading.kwh <= reading.high


def test_a_reading_is_flagged_until_its_block_ends():
    with meter(Constant()).measure("work") as reading:
        assert reading.kwh is None
        assert reading.flags
    assert reading.flags == ()


def test_a_block_that_raises_is_measured_all_the_same():
    with pytest.raises(ZeroDivisionError), meter(Constant()).measure("work") as reading:
        _ = 1 / 0
    assert reading.kwh is not None


def test_nested_blocks_are_each_credited_and_say_that_they_overlap():
    tracker = Constant()
    run = meter(tracker)
    with run.measure("outer") as outer:
        time.sleep(0.02)
        with run.measure("inner") as inner:
            time.sleep(0.02)
    assert outer.kwh == pytest.approx(40 * sum(tracker.lengths) / JOULES_PER_KWH)
    assert inner.kwh == pytest.approx(40 * tracker.lengths[1] / JOULES_PER_KWH)
    assert all(any(flag.startswith("overlap:") for flag in r.flags) for r in (outer, inner))


def test_blocks_of_many_threads_all_get_a_reading():
    run, readings = meter(Constant()), []

    def work():
        with run.measure("work") as reading:
            time.sleep(0.01)
        readings.append(reading)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(readings) == 8
    assert all(reading.kwh > 0 for reading in readings)


def test_a_long_block_is_read_in_between():
    tracker = Constant()
    reading = measured(tracker, heartbeat=0.002)
    assert len(tracker.lengths) > 2
    assert reading.kwh == pytest.approx(40 * sum(tracker.lengths) / JOULES_PER_KWH)


def test_nothing_runs_between_blocks():
    tracker = Constant()
    run = meter(tracker, heartbeat=0.001)
    with run.measure("work"):
        pass
    slices = len(tracker.lengths)
    time.sleep(0.02)
    assert len(tracker.lengths) == slices


@pytest.mark.parametrize("value", [None, float("nan"), -1.0, "12"])
def test_a_number_that_is_none_or_nonsense_is_unread(value):
    tracker = Constant()
    tracker.stop_task = lambda task_name: SimpleNamespace(cpu_energy=value, ram_energy=1.0, gpu_energy=0.0)
    reading = measured(tracker)
    assert reading.kwh is None
    assert reading.cpu_kwh is None
    assert any(flag.startswith("unread: cpu") for flag in reading.flags)
    assert "kwh" not in reading.to_json()


@pytest.mark.parametrize("part", ["cpu", "ram"])
def test_a_zero_is_flagged_and_never_counts_as_zero(part):
    reading = measured(Constant(**{part: 0.0}))
    assert reading.kwh is None
    assert any(flag.startswith(f"zero: {part}") for flag in reading.flags)


def test_accelerators_may_read_zero_only_where_there_are_none():
    assert measured(Constant(gpu_count=0)).gpu_kwh == 0.0
    reading = measured(Constant(gpu_count=1))
    assert reading.kwh is None
    assert any(flag.startswith("zero: gpu") for flag in reading.flags)


@pytest.mark.parametrize("method", ["start_task", "stop_task"])
def test_a_tracker_that_raises_ends_in_a_flag(method):
    tracker = Constant()

    def broken(task_name):
        raise OSError("no such counter")

    setattr(tracker, method, broken)
    reading = measured(tracker)
    assert reading.kwh is None
    assert any("no such counter" in flag for flag in reading.flags)


def test_stop_task_returning_nothing_is_flagged():
    tracker = Constant()
    tracker.stop_task = lambda task_name: None
    assert measured(tracker).flags


def test_an_import_that_fails_ends_in_a_flag():
    def open_tracker(cpu, ram):
        raise ImportError("No module named 'codecarbon'")

    with EnergyMeter(open_tracker=open_tracker).measure("work") as reading:
        pass
    assert reading.kwh is None
    assert reading.method == "unread"
    assert "codecarbon" in reading.flags[0]


def test_a_tracker_that_never_gets_ready_is_not_waited_for_forever():
    release = threading.Event()

    def open_tracker(cpu, ram):
        release.wait()
        return Constant()

    with EnergyMeter(open_tracker=open_tracker, patience=0.01).measure("work") as reading:
        pass
    release.set()
    assert "in time" in reading.flags[0]


def test_codecarbon_is_read_offline_silently_and_without_files(tmp_path, monkeypatch, capsys):
    """Oracle: CPU seconds × rated watts a thread, within a factor of 3.

    CodeCarbon's model is cubic in the machine's load, ours linear: one of two threads busy makes 2.4.
    Other work on the machine only adds, up to the rated power, so the oracle bounds from below.
    """
    monkeypatch.chdir(tmp_path)
    root_level, root_handlers = logging.getLogger().level, list(logging.getLogger().handlers)
    run = EnergyMeter(force_cpu_power=100.0, force_ram_power=5.0)
    with run.measure("work") as reading:
        began = time.process_time()
        while time.process_time() - began < 0.3:
            pass
    run.close()

    threads = run._machine.threads
    oracle = 0.3 * 100.0 / threads / JOULES_PER_KWH
    assert reading.flags == ()
    assert reading.method == "cpu_load"
    assert reading.estimated
    assert reading.ram_kwh == pytest.approx(5.0 * reading.seconds / JOULES_PER_KWH, rel=0.1)
    assert oracle / 3 <= reading.cpu_kwh <= 100.0 * reading.seconds / JOULES_PER_KWH * 1.1
    assert reading.low <= reading.kwh <= reading.high
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")
    assert (logging.getLogger().level, logging.getLogger().handlers) == (root_level, root_handlers)
    logging.getLogger("codecarbon").error("must not be seen")
    assert capsys.readouterr() == ("", "")
