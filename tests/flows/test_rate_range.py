"""`assay lr`: a range test of a whole spec."""

import json
from xml.etree import ElementTree

import pytest
import yaml
from assay.flows.cli import app
from assay.flows.home import Home
from assay.flows.rate_range import picture, rate_range_of
from assay.flows.spec import parse_spec
from assay.platform.exceptions import BudgetError, CombinationError
from assay.platform.training.range_test import RateRange
from typer.testing import CliRunner


def test_the_command_suggests_a_rate_draws_and_keeps_no_model(loans_spec, tmp_path):
    path, drawn = tmp_path / "loans.yaml", tmp_path / "range.svg"
    path.write_text(yaml.safe_dump(loans_spec()))
    arguments = ["lr", str(path), "--home", str(tmp_path / "home"), "--steps", "40", "-o", str(drawn)]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["suggested"] == pytest.approx(answer["lowest"] / 10)
    assert len(answer["rates"]) == len(answer["losses"])
    kinds = {path.parent for path in (tmp_path / "home").glob("**/model.safetensors")}
    assert kinds == set()
    assert ElementTree.fromstring(drawn.read_text()).tag == "{http://www.w3.org/2000/svg}svg"
    assert "suggested: --set train.learning_rate=" in CliRunner().invoke(app, arguments).stdout


def test_pretrained_weights_are_what_is_tested(loans_spec, tmp_path):
    pretrain = {"pretrain": {"method": "scarf", "epochs": 1}}
    scratch, tuned = (
        rate_range_of(parse_spec(loans_spec(**sections)), home=tmp_path, steps=20)
        for sections in ({}, pretrain)
    )
    assert scratch.losses != tuned.losses


def test_another_domain_refuses_it(loans_spec, tmp_path):
    spec = parse_spec(loans_spec(adapt={"target": loans_spec()["data"]["source"]}))
    with pytest.raises(CombinationError, match="range test can't be had with adapt"):
        rate_range_of(spec, home=tmp_path)


def test_privacy_and_budgets_refuse_it(loans_spec, tmp_path):
    with pytest.raises(CombinationError, match="range test can't be had with privacy"):
        rate_range_of(parse_spec(loans_spec(privacy={"epsilon": 1.0})), home=tmp_path)
    spec = parse_spec(loans_spec())
    done = CliRunner().invoke(
        app, ["ledger", "set", spec.data.source, "--epsilon", "1", "--home", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    with pytest.raises(BudgetError):
        rate_range_of(spec, home=tmp_path, steps=20)
    assert Home.find(tmp_path).ledger().exists


def test_the_picture_marks_the_suggested_rate_where_it_lies_on_the_axis():
    found = RateRange(
        rates=(1e-4, 1e-3, 1e-2, 1e-1), losses=(1.0, 0.9, 0.5, 1.2), lowest=1e-2, suggested=1e-3
    )
    drawn = ElementTree.fromstring(picture(found))
    (line,) = (one for one in drawn.iter() if one.get("class") == "limit")
    (path,) = (one for one in drawn.iter() if one.get("class") == "line")
    second = path.get("points").split(" ")[1]
    assert line.get("x1") == second.partition(",")[0]
