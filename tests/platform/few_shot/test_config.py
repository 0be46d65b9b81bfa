"""The section `few_shot`."""

import pytest
from assay.models.few_shot import FEW_SHOT
from assay.platform.exceptions import SpecError
from assay.platform.few_shot.config import FewShotConfig, Shape, training_settings


def test_training_episodes_take_the_shape_of_those_that_judge_unless_said_otherwise():
    plain = FewShotConfig(way=3, shot=2)
    assert plain.trained == Shape(way=3, shot=2, queries=5)
    assert plain.judged == Shape(way=3, shot=2, queries=15)
    wide = FewShotConfig(way=3, shot=2, train_way=20, train_shot=1, train_queries=4, also_shots=(5,))
    assert wide.trained == Shape(way=20, shot=1, queries=4)
    assert wide.trained.rows == 20 * (1 + 4)
    assert [shape.shot for shape in wide.audited] == [2, 5]


def test_what_only_measures_the_finished_model_is_no_setting_of_its_training():
    one, other = FewShotConfig(), FewShotConfig(episodes=50, also_shots=(5,), seed=3)
    assert training_settings(one) == training_settings(other)
    assert training_settings(one) != training_settings(FewShotConfig(train_way=7))


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"way": 1}, "way"),
        ({"queries": 0}, "queries"),
        ({"episodes": 1}, "episodes"),
        ({"also_shots": (1,)}, "also_shots"),
        ({"also_shots": (5, 5)}, "also_shots"),
        ({"shot": 0}, "shot"),
        ({"method": "maml", "train_way": 20}, "train_way"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_key(keys, named):
    with pytest.raises(SpecError, match=rf"few_shot\.{named} is out of range") as caught:
        FewShotConfig(**keys)
    assert caught.value.exit_code == 2


def test_every_method_of_the_table_has_the_options_of_its_class():
    import inspect
    from importlib import import_module

    for part in FEW_SHOT.values():
        made = getattr(import_module(f"assay.models.{part.module}"), part.factory)
        _, *options = inspect.signature(made).parameters.values()
        assert {option.name: option.default for option in options} == dict(part.options)
