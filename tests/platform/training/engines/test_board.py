"""What workers leave for the driver to find."""

import pytest
from assay.platform.exceptions import SpecError
from assay.platform.training.engines.board import Board
from assay.platform.training.progress import Progress


@pytest.fixture
def board(tmp_path) -> Board:
    made = Board(tmp_path / "board")
    made.clear()
    return made


def test_details_arrive_as_they_were_left(board):
    board.conclude({"epochs": 3, "engine": {"name": "ray-train"}})
    assert board.outcome() == {"epochs": 3, "engine": {"name": "ray-train"}}


def test_a_persons_mistake_is_raised_on_the_other_side(board):
    board.refuse(SpecError("the loss is no longer a number", got=float("nan"), expected="1", mend="do this"))
    with pytest.raises(SpecError) as caught:
        board.outcome()
    assert str(caught.value).splitlines() == [
        "the loss is no longer a number", "  got: nan", "  expected: 1", "  mend: do this",
    ]  # fmt: skip


def test_signs_of_life_are_passed_on_while_the_block_runs(board):
    told = []
    sign = Progress(stage="train", step=3, total=9, metrics={"loss": 0.5})

    class SeenError(Exception):
        pass

    def tell(progress):
        told.append(progress)

    with board.relayed(tell, seconds=0.001):
        board.say(sign)
        while not told:
            pass
    assert told == [sign]


def test_starts_are_counted_and_forgotten_by_the_next_run(board):
    board.started()
    board.started()
    assert len(board.starts()) == 2
    board.clear()
    assert board.starts() == []
