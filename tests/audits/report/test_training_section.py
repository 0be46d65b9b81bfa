"""The section on training: what pretraining taught is said, and that it has collapsed too."""

import copy
from typing import Any

import jsonschema
import pytest
from assay.audits.report import render_html, render_markdown, schema

TAUGHT = {
    "metric": "accuracy",
    "rows": {"train": 1257, "validation": 180},
    "before": {"feature_std": 0.1267, "knn": 0.9012, "linear_probe": 0.8444},
    "after": {"feature_std": 0.3207, "knn": 0.9111, "linear_probe": 0.9444},
    "collapsed": False,
}


@pytest.fixture
def pretrained(binary: dict[str, Any]) -> dict[str, Any]:
    """A report whose pretraining was scored."""
    report = copy.deepcopy(binary)
    report["training"]["stages"][1]["evaluation"] = copy.deepcopy(TAUGHT)
    return report


def test_the_schema_knows_the_scores(pretrained):
    jsonschema.validate(pretrained, schema())
    pretrained["training"]["stages"][1]["evaluation"]["after"]["knn"] = 1.2
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(pretrained, schema())


@pytest.mark.parametrize("render", [render_html, render_markdown])
def test_scores_before_and_after_are_in_the_table(pretrained, render):
    page = render(pretrained)
    for said in (
        "20 nearest neighbours",
        "random weights",
        "0.9012",
        "0.8444",
        "0.9444",
        "180 validation rows",
    ):
        assert said in page
    assert "It has collapsed" not in page


def test_collapse_is_said_in_words(pretrained):
    pretrained["training"]["stages"][1]["evaluation"]["collapsed"] = True
    assert "It has collapsed: nearly every row got the same representation." in render_html(pretrained)


def test_scores_that_could_not_be_had_have_no_column(pretrained):
    taught = pretrained["training"]["stages"][1]["evaluation"]
    taught["before"], taught["after"] = {"feature_std": 0.1}, {"feature_std": 0.2}
    page = render_markdown(pretrained)
    assert "Linear probe" not in page
    assert "Spread" in page
