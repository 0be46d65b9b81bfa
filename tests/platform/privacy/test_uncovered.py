"""Whatever touched rows outside the mechanism is listed, whatever else is true of the run."""

from dataclasses import asdict, fields

import pytest
from assay.platform.privacy.uncovered import RunFacts, uncovered
from hypothesis import given
from hypothesis import strategies as st

NOTHING = {
    "secret_noise": True,
    "preprocessing": "given",
    "schema_inferred": False,
    "row_count_released": False,
    "datasheet_released": False,
    "clients_told": False,
    "train_losses_released": False,
    "epoch_by_validation": False,
    "validation_losses_released": False,
    "calibrated_on_validation": False,
    "test_metrics_released": False,
    "examples_released": False,
    "pretraining": "none",
    "representation_scored": False,
    "uncounted_trials": 0,
    "plain_models": 0,
    "private_models": 0,
    "mitigated_by": "nothing",
    "baselines_released": False,
    "train_values_released": False,
    "members_attacked": False,
    "shadows_trained": False,
    "dealt_together": False,
    "sets_by_validation": False,
}
TOUCHED = {
    ("secret_noise", False): ("whole run", {"train"}),
    ("preprocessing", "train rows"): ("preprocessing", {"train"}),
    ("preprocessing", "train rows of all clients"): ("preprocessing", {"train"}),
    ("preprocessing", "pretraining"): ("preprocessing", {"train"}),
    ("schema_inferred", True): ("kinds of columns", {"train", "validation", "test"}),
    ("row_count_released", True): ("number of rows", {"train", "validation", "test"}),
    ("datasheet_released", True): ("datasheet", {"train", "validation", "test"}),
    ("clients_told", True): ("table of clients", {"train", "validation"}),
    ("train_losses_released", True): ("training losses", {"train"}),
    ("epoch_by_validation", True): ("epoch", {"validation"}),
    ("validation_losses_released", True): ("validation losses", {"validation"}),
    ("calibrated_on_validation", True): ("temperature", {"validation"}),
    ("test_metrics_released", True): ("metrics", {"test"}),
    ("examples_released", True): ("rows that are shown", {"test"}),
    ("pretraining", "train rows"): ("pretrained weights", {"train"}),
    ("representation_scored", True): ("representation", {"train", "validation"}),
    ("uncounted_trials", 7): ("choice of settings", {"train", "validation"}),
    ("plain_models", 1): ("without privacy", {"train"}),
    ("private_models", 2): ("with privacy", {"train"}),
    ("mitigated_by", "train rows"): ("mitigation", {"train", "validation"}),
    ("mitigated_by", "validation rows"): ("mitigation", {"validation"}),
    ("baselines_released", True): ("baselines", {"train", "test"}),
    ("train_values_released", True): ("explanations", {"train"}),
    ("members_attacked", True): ("membership attack", {"train", "test"}),
    ("shadows_trained", True): ("shadow models", {"train", "test"}),
    ("dealt_together", True): ("dealt to train", {"train", "validation", "test"}),
    ("sets_by_validation", True): ("prediction sets", {"validation", "test"}),
}


def test_a_run_that_touched_rows_by_the_mechanism_alone_has_an_empty_list():
    assert uncovered(RunFacts(**NOTHING)) == ()


@pytest.mark.parametrize("pretraining", ["public rows", "composed"])
def test_pretraining_that_is_public_or_composed_is_covered(pretraining):
    assert uncovered(RunFacts(**NOTHING | {"pretraining": pretraining})) == ()


@pytest.mark.parametrize("fact", TOUCHED, ids=str)
def test_each_fact_alone_is_listed_with_whose_rows_it_touched(fact):
    (found,) = uncovered(RunFacts(**NOTHING | dict([fact])))
    word, rows = TOUCHED[fact]
    assert word in found.what
    assert set(found.rows) == rows
    assert all(asdict(found).values())


def test_every_fact_is_tried():
    assert {name for name, _ in TOUCHED} == {field.name for field in fields(RunFacts)} == set(NOTHING)


@given(st.sets(st.sampled_from(sorted(TOUCHED, key=str)), max_size=len(TOUCHED)))
def test_no_fact_hides_another(facts):
    """Several facts are listed as each of them alone is."""
    together = dict(facts)  # of two values of one fact, the last
    alone = {found for fact in together.items() for found in uncovered(RunFacts(**NOTHING | dict([fact])))}
    listed = uncovered(RunFacts(**NOTHING | together))
    assert set(listed) == alone
    assert len(listed) == len(alone)


@pytest.mark.parametrize("name", NOTHING)
def test_a_fact_that_was_not_asked_for_is_no_fact(name):
    said = {key: value for key, value in NOTHING.items() if key != name}
    with pytest.raises(TypeError, match=name):
        RunFacts(**said)
