"""A spec is read strictly: what isn't understood is named, with the nearest thing that would have been."""

from pathlib import Path

import pytest
from assay.flows.examples import example_names, example_path
from assay.flows.spec import load_spec, parse_spec, read_yaml
from assay.platform.augmentation.config import ContrastiveViewConfig, ViewConfig
from assay.platform.exceptions import SpecError, UsageError

DATA = {"source": "builtin:adult", "target": "income"}


@pytest.mark.parametrize("name", example_names())
def test_every_packaged_example_is_a_valid_spec(name):
    assert load_spec(example_path(name)).data.source.startswith("builtin:")


def test_an_unknown_example_is_answered_with_those_that_exist():
    with pytest.raises(UsageError, match="did you mean 'adult'"):
        example_path("adlut")


def test_data_alone_is_a_whole_spec():
    spec = parse_spec({"data": {"source": "builtin:digits"}}, default_name="digits")
    assert (spec.name, spec.pretrain, spec.policy) == ("digits", None, ())


def test_numbers_in_scientific_notation_are_numbers():
    # YAML 1.1 reads 1e-3 as a word.
    spec = parse_spec({"data": DATA}, ["train.learning_rate=1e-3"])
    assert spec.train.learning_rate == 0.001


def test_overrides_reach_any_depth_and_make_sections():
    spec = parse_spec({"data": DATA}, ["audit.fairness.minimum_group_size=50", "pretrain.method=scarf"])
    assert spec.audit.fairness.minimum_group_size == 50
    assert spec.pretrain is not None
    assert spec.pretrain.method == "scarf"


def test_an_architectures_own_parameters_stand_beside_its_name():
    spec = parse_spec({"data": DATA, "model": {"architecture": "mlp", "width": 64}})
    assert dict(spec.model.options) == {"width": 64}


@pytest.mark.parametrize(
    ("document", "named", "hint"),
    [
        ({"data": DATA, "trian": {}}, "trian", "did you mean 'train'"),
        ({"data": DATA | {"sensitiv": ["sex"]}}, "data.sensitiv", "did you mean 'sensitive'"),
        ({"data": DATA, "audit": {"fairness": {"confidnce": 0.9}}}, "audit.fairness.confidnce", "confidence"),
        ({"data": DATA, "policy": [{"metrc": "accuracy"}]}, "policy[0].metrc", "did you mean 'metric'"),
        ({"data": DATA, "train": {"epochs": "many"}}, "train.epochs", "integer"),
        ({"data": DATA, "train": {"epochs": 0}}, "train.epochs", "1 or more"),
        ({"data": DATA, "train": {"augment": {"flop": "both"}}}, "train.augment.flop", "did you mean 'flip'"),
        ({"data": DATA, "train": {"augment": {"crop": 0}}}, "augment.crop", "at most 1"),
        ({"data": {"target": "x"}}, "data.source", "with a value"),
        ({}, "data", "with a value"),
        ({"data": DATA, "name": "../escape"}, "../escape", ""),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_was_expected(document, named, hint):
    with pytest.raises(SpecError) as caught:
        parse_spec(document)
    assert named in str(caught.value)
    assert hint in str(caught.value)
    assert caught.value.exit_code == 2


def test_views_are_switched_off_or_named_in_the_spec():
    for augment in (True, False):
        assert parse_spec({"data": DATA, "train": {"augment": augment}}).train.augment is augment
    named = {"flip": "horizontal", "zoom": [0.8, 1.2]}
    spec = parse_spec({"data": DATA, "train": {"augment": named}, "pretrain": {"method": "simclr"}})
    assert spec.train.augment == ViewConfig(flip="horizontal", zoom=(0.8, 1.2))
    assert spec.pretrain is not None
    assert spec.pretrain.augment == ContrastiveViewConfig()


@pytest.mark.parametrize("override", ["epochs", "=3", "train.epochs=[1"])
def test_an_override_that_is_no_key_and_value_is_refused(override):
    with pytest.raises(SpecError, match="--set"):
        parse_spec({"data": DATA}, [override])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x", "aliases"),
        ("data: {source: a}\ndata: {source: b}", "written twice"),
        ("- just\n- a list", "a mapping"),
        ("data: [unclosed", "isn't valid YAML"),
        ("", "a mapping"),
        ("a: !!python/object/apply:os.system ['true']", "isn't valid YAML"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_yaml_that_is_no_spec_is_refused(tmp_path: Path, text: str, said: str):
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    with pytest.raises(SpecError, match=said):
        read_yaml(path)


def test_a_file_too_long_for_a_spec_is_not_read(tmp_path: Path):
    path = tmp_path / "spec.yaml"
    path.write_bytes(b"#" * 2_000_000)
    with pytest.raises(SpecError, match="too long"):
        read_yaml(path)


def test_a_relative_source_is_taken_from_the_specs_folder(tmp_path: Path):
    (tmp_path / "spec.yaml").write_text("data: {source: 'csv:rows.csv', target: y}")
    assert load_spec(tmp_path / "spec.yaml").data.source == f"csv:{tmp_path / 'rows.csv'}"


def test_a_population_may_stand_in_a_file_beside_the_spec(tmp_path):
    (tmp_path / "census.yaml").write_text("sex: {Female: 0.51, Male: 0.49}\n")
    (tmp_path / "income.yaml").write_text(
        "data: {source: 'builtin:adult', sensitive: [sex], reference: census.yaml}\n"
    )
    assert load_spec(tmp_path / "income.yaml").data.reference == {"sex": {"Female": 0.51, "Male": 0.49}}
    with pytest.raises(SpecError, match="sum to"):
        parse_spec({"data": {**DATA, "reference": {"sex": {"Female": 0.51, "Male": 0.4}}}})
    with pytest.raises(SpecError, match="there is no spec at"):
        parse_spec({"data": {**DATA, "reference": "nowhere.yaml"}})
