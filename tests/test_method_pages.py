"""Every method that a spec can name has its page: what it is, when to choose it, whose, how, and a run.

The list is the catalogs' own. An example is run as it is written but for its size: small data, one epoch,
thin networks. Audits of what is trained so are in tests/flows/test_networks.py.
"""

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from assay.flows.catalogue import catalogue
from assay.flows.chain import Run, perform
from assay.flows.home import Home
from assay.flows.preflight import preflight
from assay.flows.spec import parse_spec
from assay.flows.stages import wanted
from assay.models.catalog import ARCHITECTURES, PRETRAINING
from assay.models.few_shot import FEW_SHOT
from assay.models.optimizers import OPTIMIZERS
from assay.models.schedules import SCHEDULES
from assay.platform.training.config import TrainConfig

DOCS = Path(__file__).resolve().parents[1] / "docs"
INDEX = DOCS / "models" / "README.md"
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
URL = re.compile(r"https?://[^\s>)\"]+")

#: Keys of the section `train` that keep a network from learning its rows by heart, and what they need.
REGULARIZERS = {
    "weight_decay": "tabular", "patience": "tabular", "label_smoothing": "tabular", "augment": "image",
    "token_dropout": "text", "mixup": "image", "cutmix": "image", "ema": "tabular",
}  # fmt: skip

#: Where the papers name none, or many: their pages say more than a link.
WITHOUT_PAPER = {"constant", "plateau"}

#: What a method can't do without, in its own section and in others.
NEEDED = {
    "krum": {"options": {"num_malicious_nodes": 1}},
    "multi_krum": {"options": {"num_malicious_nodes": 1, "num_nodes_to_select": 2}},
}
BESIDE = {
    "scaffold": {"train": {"optimizer": "sgd"}},
    "maml": {"model": {"architecture": "conv4", "norm": "group"}},
}

#: Options that make a network of the published form small.
THIN = {
    1.0: {"width": 0.125},
    768: {"width": 24, "heads": 2, "depth": 1},
    128: {"width": 16},
    64: {"width": 16},
    256: {"width": 16},
}
SMALL_TEXT = {"architecture": "text_transformer", "options": {"width": 16, "depth": 1, "heads": 2}}
DEFAULT_MODELS: Mapping[str, Mapping[str, Any]] = {
    "tabular": {"architecture": "mlp", "options": {"width": 16, "depth": 1}},
    "image": {"architecture": "resnet_small", "options": {"channels": 8}},
    "text": SMALL_TEXT,
}


@dataclass(frozen=True)
class Method:
    """One name, where it stands in a spec, and what it is for."""

    kind: str
    name: str
    place: tuple[str, ...]
    modality: str
    page: Path
    paper: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"


def methods() -> Iterator[Method]:
    """All of them, from the tables that specs are checked by."""
    for name, part in ARCHITECTURES.items():
        page = linked(name)
        yield Method("architecture", name, ("model", "architecture"), part.modality, page, part.paper)
    for name, part in PRETRAINING.items():
        yield Method("pretraining", name, ("pretrain", "method"), part.modality, linked(name), part.paper)
    optimization = DOCS / "models" / "optimization.md"
    for kind, table in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
        for name, row in table.items():
            yield Method(kind, name, ("train", kind), "tabular", optimization, getattr(row, "paper", ""))
    for row in catalogue("strategies"):
        page = DOCS / "federated.md"
        yield Method("strategy", row["name"], ("federated", "strategy"), "tabular", page, row["paper"])
    for name, part in FEW_SHOT.items():
        page = DOCS / "models" / "few_shot.md"
        yield Method("few_shot", name, ("few_shot", "method"), part.modality, page, part.paper)
    for row in catalogue("adaptation"):
        page = DOCS / "models" / "adaptation.md"
        yield Method("adaptation", row["name"], ("adapt", "method"), "image", page, row["paper"])
    for name in typing.get_args(typing.get_type_hints(TrainConfig)["mode"]):
        yield Method("mode", name, ("train", "mode"), "tabular", DOCS / "training.md", "")
    for name, modality in REGULARIZERS.items():
        page = DOCS / "models" / "regularization.md"
        yield Method("regularizer", name, ("train", name), modality, page, "")


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def linked(name: str) -> Path:
    """The page that the index names for a method."""
    found = re.search(rf"\[{re.escape(name)}\]\((\S+?)\)", text(INDEX))
    assert found, f"{name} is not in {INDEX.name}"
    return INDEX.parent / found[1]


def table_row(method: Method) -> dict[str, str] | None:
    """The row of a page's table that is about a method, by its columns' titles; None where there is none."""
    title: list[str] = []
    for line in text(method.page).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        title = title if cells else []
        if cells and not title:
            title = cells
        elif cells and cells[0] == f"`{method.name}`":
            return dict(zip(title, cells, strict=True))
    return None


def example(method: Method) -> dict[str, Any]:
    """The page's example of the method, or of its family, with the method's name in its place."""
    section, key = method.place
    for block in EXAMPLE.findall(text(method.page)):
        document = yaml.safe_load(block)
        held = document.get(section)
        if isinstance(held, dict) and key in held:
            if method.kind == "regularizer":
                return {"train": {key: held[key]}}
            return document if held[key] == method.name else _of_the_family(document, method)
    raise AssertionError(f"{method.page.name} has no example with {section}.{key}")


def _of_the_family(document: dict[str, Any], method: Method) -> dict[str, Any]:
    """The example of another name of the same page; options that only that one has go."""
    section, key = method.place
    held = {**document[section], key: method.name}
    for options in ("options", f"{key}_options"):
        held.pop(options, None)
    held.pop("train_way", None)
    return {**document, section: held | NEEDED.get(method.name, {}), **BESIDE.get(method.name, {})}


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, dict[str, Any]]:
    """Little data of each kind."""
    place, draw = tmp_path_factory.mktemp("sources"), np.random.default_rng(0)
    income, region = draw.normal(50, 15, 240).round(1), draw.choice(["north", "south"], 240)
    people = {"income": income, "region": region, "granted": np.where(income > 50, "yes", "no")}
    pd.DataFrame(people).to_csv(place / "people.csv", index=False)
    things = draw.choice(["dress", "coat", "shirt", "hat"], 240)
    good = draw.random(240) < 0.5
    texts = [
        f"the {thing} is {'fine' if of else 'poor'}, no {row}"
        for row, (thing, of) in enumerate(zip(things, good, strict=True))
    ]
    likes = {"review": texts, "likes": np.where(good, "yes", "no")}
    pd.DataFrame(likes).to_csv(place / "texts.csv", index=False)
    return {
        "tabular": {"source": f"csv:{place / 'people.csv'}", "target": "granted"},
        "image": {"source": "builtin:digits"},
        "text": {
            "source": f"csv:{place / 'texts.csv'}", "target": "likes", "columns": {"review": "text"},
            "text": {"vocabulary": 300, "length": 12},
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """One home, so that each set is read once."""
    return Home(tmp_path_factory.mktemp("home"))


def whole(method: Method, data: Mapping[str, Any]) -> dict[str, Any]:
    """The example as a whole spec, at the size that it is written in."""
    document = {"name": "example", "data": data, **example(method)}
    only = PRETRAINING[method.name].architectures if method.kind == "pretraining" else ()
    if only and "model" not in document:
        document["model"] = {"architecture": only[0]}
    return document


def shrunk(method: Method, data: Mapping[str, Any]) -> dict[str, Any]:
    """The same, small enough for a second."""
    document = whole(method, data)
    document["model"] = thin(document.get("model"), method.modality)
    if method.kind != "regularizer" or method.name != "patience":
        document["train"] = {**document.get("train", {}), "patience": None}
    document["train"] |= {"epochs": 1, "batch_size": 32}
    if "few_shot" in document:
        episodes = ("train_episodes", "validation_episodes", "queries", "train_queries")
        document["few_shot"] |= dict.fromkeys(episodes, 2)
    else:
        document["train"]["labels_per_class"] = 8
    if "pretrain" in document:
        document["pretrain"] |= {"epochs": 1, "batch_size": 128}
    if "federated" in document:
        document["federated"] |= {"rounds": 1, "clients": 6, "pretrain_rounds": 1}
        document["train"]["labels_per_class"] = 48  # some for each client
    if "adapt" in document:
        document["adapt"]["compare"] = False
    return document


def thin(model: Mapping[str, Any] | None, modality: str) -> dict[str, Any]:
    """A model with little in it: as many layers as its name says, thinner ones."""
    if model is None:
        return dict(DEFAULT_MODELS[modality])
    name, known = model["architecture"], ARCHITECTURES[model["architecture"]].options
    given = model.get("options") or {key: value for key, value in model.items() if key != "architecture"}
    small = THIN.get(known.get("width"), {})
    options = {**given, **{key: value for key, value in small.items() if key in known}}
    if "heads" in known and "heads" not in small:
        options["heads"] = 2
    return {"architecture": name, "options": options}


ALL = list(methods())


@pytest.mark.parametrize("method", ALL, ids=str)
def test_a_page_says_what_it_is_when_to_choose_it_and_by_whom(method):
    page, row = text(method.page), table_row(method)
    assert re.search(rf"\]\((\.\./)?{re.escape(method.page.name)}(#\S*)?\)", text(INDEX)), "no link"
    assert f"`{method.name}`" in page or f"# {method.name}" in page, "the page doesn't name it"
    if row is None or "choose it" not in row:
        assert re.search(r"\*\*Choose (it|them)\*\* \w", page)
    else:
        assert all(row[title] for title in list(row)[:3]), "what it is, and when to choose it"
    links = URL.findall(method.paper) or URL.findall(" ".join((row or {}).values()))
    assert all(link in page for link in links)
    assert links or method.name in WITHOUT_PAPER, "no paper"


@pytest.mark.parametrize("method", ALL, ids=str)
def test_its_example_is_a_spec(method, sources):
    preflight(parse_spec(whole(method, sources[method.modality])))


@pytest.mark.parametrize("method", ALL, ids=str)
def test_its_example_trains(method, sources, home):
    run = Run.open(parse_spec(shrunk(method, sources[method.modality])), home)
    preflight(run.spec)
    for stage in wanted(run.spec):
        perform(stage, run)
        if stage.name == "train":
            break
    assert (run.path("train") / "weights" / "model.safetensors").is_file()
