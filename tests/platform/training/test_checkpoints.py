"""Checkpoints on disk: whole or not there."""

import pickle
from pathlib import Path

import pytest
import torch
from assay.platform.exceptions import StoreError
from assay.platform.training.checkpoints import Checkpoint, Checkpoints


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    return Checkpoints(tmp_path, run="one")


def at(step: int) -> Checkpoint:
    tensors = {
        "weights.w": torch.full((3, 2), step / 7),
        "best.w": torch.arange(4),
        "tally": torch.tensor(0.1),
    }
    return Checkpoint(step=step, tensors=tensors, state={"epoch": step, "history": [{"loss": 0.1 + step}]})


def equal(one: Checkpoint | None, other: Checkpoint) -> bool:
    return (
        one is not None
        and (one.step, one.state, one.tensors.keys()) == (other.step, other.state, other.tensors.keys())
        and all(torch.equal(one.tensors[name], tensor) for name, tensor in other.tensors.items())
    )


def test_what_is_read_is_what_was_written_to_the_last_bit(checkpoints):
    checkpoints.save(at(3))
    assert equal(checkpoints.newest(), at(3))


def test_there_is_none_at_first(checkpoints):
    assert checkpoints.newest() is None


def test_the_newest_two_are_kept(checkpoints, tmp_path):
    paths = [checkpoints.save(at(step)) for step in (1, 2, 10)]
    assert sorted(tmp_path.iterdir()) == sorted(paths[1:])


@pytest.mark.parametrize("keep", [0, 8, 100, -1])
def test_a_torn_one_is_passed_over_for_the_one_before(checkpoints, keep):
    checkpoints.save(at(1))
    newest = checkpoints.save(at(2))
    newest.write_bytes(newest.read_bytes()[:keep])
    assert equal(checkpoints.newest(), at(1))


def test_one_altered_bit_is_noticed(checkpoints):
    checkpoints.save(at(1))
    newest = checkpoints.save(at(2))
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    assert equal(checkpoints.newest(), at(1))


def test_after_falling_back_the_torn_one_is_cleared_away_and_the_good_one_kept(checkpoints, tmp_path):
    good, torn = checkpoints.save(at(1)), checkpoints.save(at(9))
    torn.write_bytes(b"")
    again = Checkpoints(tmp_path, run="one")
    assert equal(again.newest(), at(1))
    newest = again.save(at(2))
    assert sorted(tmp_path.iterdir()) == sorted([good, newest])


def test_a_write_that_was_cut_short_leaves_nothing_that_is_believed(checkpoints, tmp_path):
    checkpoints.save(at(1))
    (tmp_path / "unfinished").write_bytes(b"half")
    assert equal(checkpoints.newest(), at(1))


def test_checkpoints_of_another_run_are_not_gone_on_from(checkpoints, tmp_path):
    checkpoints.save(at(5))
    assert Checkpoints(tmp_path, run="another").newest() is None


def test_a_pickle_is_not_opened(checkpoints, tmp_path):
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    checkpoints.save(at(1))
    (tmp_path / f"{2:010d}.{'0' * 64}.safetensors").write_bytes(pickle.dumps(Bomb()))
    assert equal(checkpoints.newest(), at(1))
    assert not (tmp_path / "executed").exists()


def test_tensors_that_share_memory_are_stored_each(checkpoints):
    shared = torch.ones(3)
    checkpoints.save(Checkpoint(step=1, tensors={"a": shared, "b": shared}, state={}))
    found = checkpoints.newest()
    assert found is not None
    assert torch.equal(found.tensors["a"], found.tensors["b"])


def test_a_disk_that_refuses_is_told_of(checkpoints, tmp_path):
    (tmp_path / "unfinished").mkdir()
    with pytest.raises(StoreError, match="can't be written"):
        checkpoints.save(at(1))
