"""The pages in docs/models say what the tables say, and their examples run."""

import re
from pathlib import Path

import pytest
import yaml
from assay.models.catalog import ARCHITECTURES, PRETRAINING
from assay.models.optimizers import OPTIMIZERS
from assay.models.schedules import SCHEDULES

PAGES = Path(__file__).parents[2] / "docs" / "models"
PARTS = {**ARCHITECTURES, **PRETRAINING}


def blocks(page: str, language: str) -> list[str]:
    """Fenced blocks of a page."""
    return re.findall(rf"```{language}\n(.*?)```", (PAGES / f"{page}.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("name", PARTS)
def test_every_part_has_a_page_that_shows_its_options_with_their_defaults(name):
    page = PARTS[name].module
    (spec,) = (yaml.safe_load(block) for block in blocks(page, "yaml"))
    (section,) = spec.values()
    shown = section.get("architecture", section.get("method"))
    assert PARTS[shown].module == page
    assert section["options"] == dict(PARTS[name].options)
    text = (PAGES / f"{page}.md").read_text()
    assert PARTS[name].paper in text
    assert name in text


@pytest.mark.parametrize("page", [path.stem for path in sorted(PAGES.glob("*.md"))])
def test_the_examples_of_a_page_run(page):
    for code in blocks(page, "python"):
        exec(compile(code, f"docs/models/{page}.md", "exec"), {})


def test_the_index_lists_every_part_and_no_other():
    index = (PAGES / "README.md").read_text()
    assert set(re.findall(r"^\| \[(\w+)\]", index, re.MULTILINE)) == set(PARTS)


def test_optimizers_and_schedules_are_all_described():
    page = (PAGES / "optimization.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) - {"optimizer", "schedule"} == {
        *OPTIMIZERS,
        *SCHEDULES,
    }
