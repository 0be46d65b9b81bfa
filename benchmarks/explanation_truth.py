"""T3: do explanations follow the model? Each method where the true answer is known.

Three worlds of tables, in which the columns that the model reads are known, and what each brings (closed
forms: a line, a sum of curves, a product of two columns), and a world of images whose class is a mark in one
corner (a model that is right for the wrong reason). A network is trained on each.

- recovered: rank correlation, or share of images, with the truth: of columns, the mean absolute Shapley value
  by the closed form; of images, how often the strongest cell is the mark.
- deletion, insertion: advantage over random orders (audits/explanation/deletion.py).
- randomized: rank correlation with the same method on networks of random weights: row by row; of a method
  that asks for scores only, of its columns as a whole, over six networks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import torch
from assay.audits.config import ExplainConfig
from assay.audits.explanation import METHODS, explain
from assay.audits.explanation.randomization import randomized, spearman
from assay.models.catalog import build
from assay.models.inputs import ImageInput, TabularInput
from assay.platform.data.schema import Column, Schema
from record import write
from torch import nn

SEED, ROWS, TEST, DRAWS = 0, 3000, 300, 6
COLUMNS = ("a", "b", "c", "d", "e", "f")
SHAPE, SIDE = (1, 8, 8), 4


@dataclass(frozen=True)
class World:
    """A function of standard normal columns, and mean absolute Shapley values of its terms."""

    function: Callable[[np.ndarray], np.ndarray]
    truth: Callable[[np.ndarray], np.ndarray]
    """Shares `(rows, columns)`; the background is the population."""


def product_shares(x: np.ndarray) -> np.ndarray:
    """x_a x_b + x_c: each factor gets half of the product, whose mean is 0."""
    shares = np.zeros_like(x)
    shares[:, 0] = shares[:, 1] = x[:, 0] * x[:, 1] * 1.5
    shares[:, 2] = x[:, 2]
    return shares


WORLDS = {
    "linear: 3a + 2b + c": World(
        lambda x: 3 * x[:, 0] + 2 * x[:, 1] + x[:, 2], lambda x: x * (3, 2, 1, 0, 0, 0)
    ),
    "additive: 2 sin 2a + b²": World(
        lambda x: 2 * np.sin(2 * x[:, 0]) + x[:, 1] ** 2,
        lambda x: np.stack([2 * np.sin(2 * x[:, 0]), x[:, 1] ** 2 - 1, *np.zeros((4, len(x)))], axis=1),
    ),
    "interaction: 3ab + c": World(lambda x: 3 * x[:, 0] * x[:, 1] + x[:, 2], product_shares),
}


def main() -> None:
    """Measure, print, write."""
    torch.set_num_threads(1)
    rows = [line for name, world in WORLDS.items() for line in of_table(name, world)]
    rows += [line for name in ("resnet_small", "vit_small") for line in of_images(name)]
    write("explanation_truth", rows, seed=SEED)


class Model:
    """A network as explanations ask it."""

    positive = None

    def __init__(self, module, schema: Schema, inputs, names: tuple[str, ...]):
        self.module, self.schema, self.inputs, self.feature_names = module.eval(), schema, inputs, names
        self.task, self.classes = schema.task, schema.classes

    def predict(self, table: pa.Table) -> np.ndarray:
        """Scores."""
        with torch.inference_mode():
            logits = self.module(*self.inputs(table))
        return (logits[:, 0] if self.task == "regression" else logits.softmax(dim=1)).numpy()

    def decide(self, scores: np.ndarray, table: pa.Table) -> np.ndarray:
        """Codes, or the values themselves."""
        return scores if self.task == "regression" else scores.argmax(axis=1)


def fit(module, inputs, loss: Callable, epochs: int, rate: float):
    """Adam over batches of 128."""
    torch.manual_seed(SEED)
    optimizer, count = torch.optim.Adam(module.parameters(), lr=rate), len(inputs[0])
    module.train()
    for _ in range(epochs):
        for rows in torch.randperm(count).split(128):
            optimizer.zero_grad()
            loss(module(*(part[rows] for part in inputs)), rows).backward()
            optimizer.step()
    return module.eval()


def of_table(name: str, world: World) -> list[dict]:
    """Every method of tables on a network that has learned the function."""
    x = np.random.default_rng(SEED).normal(size=(ROWS, len(COLUMNS)))
    y = world.function(x)
    edges = tuple(tuple(np.unique(np.quantile(x[:, j], np.linspace(0, 1, 33))).tolist()) for j in range(6))
    torch.manual_seed(SEED)
    shape = TabularInput(numeric=6, cardinalities=(), bins=edges)
    module = build("mlp", shape, 1, width=64, dropout=0.0)
    target = torch.from_numpy(((y - y.mean()) / y.std()).astype(np.float32))

    def inputs(table: pa.Table):
        numeric = np.stack([table[column].to_numpy() for column in COLUMNS], axis=1).astype(np.float32)
        return torch.from_numpy(numeric), torch.empty(len(numeric), 0, dtype=torch.int64)

    table = pa.table({"__row__": np.arange(ROWS), **dict(zip(COLUMNS, x.T, strict=True))})
    fit(module, inputs(table), lambda out, rows: ((out[:, 0] - target[rows]) ** 2).mean(), 40, 3e-3)
    schema = schema_of("tabular", "regression", COLUMNS, ())
    model, test = Model(module, schema, inputs, COLUMNS), table.slice(0, TEST)
    methods = tuple(n for n, m in METHODS.items() if "tabular" in m.modalities and n not in _NOT_HERE)
    said = target[:TEST].numpy().astype(float)
    values = run(model, test, said, table.slice(TEST, 512), methods)
    truth = np.abs(world.truth(x[:TEST])).mean(axis=0)
    unlike = alike(model, values, test, said, table.slice(TEST, 512))
    fit_of = 1 - float(((model.predict(test) - said) ** 2).mean() / said.var())
    return [
        {
            "world": name,
            "model": f"mlp, R² {fit_of:.3f}",
            "method": n,
            "recovered": recovered(ranking(values, n), truth),
            **checks(values, n),
            "randomized": values["faithfulness"][f"{n}_randomization_rank_correlation"]["value"]
            if f"{n}_randomization_rank_correlation" in values["faithfulness"]
            else unlike[n],
        }
        for n in methods
    ]


def alike(
    model: Model, values: dict, test: pa.Table, said: np.ndarray, background: pa.Table
) -> dict[str, float]:
    """Of methods that ask for scores only: rank correlation of the columns with those of random networks."""
    names = ("kernel_shap", "permutation_importance", "occlusion")
    found: dict[str, list[float]] = {name: [] for name in names}
    for draw in range(DRAWS):
        other = Model(randomized(model.module, SEED + draw), model.schema, model.inputs, COLUMNS)
        random = run(other, test, said, background, names)
        for name in names:
            found[name].append(spearman(ranking(values, name)[None], ranking(random, name)[None])[0])
    mean = {name: float(np.mean(each)) for name, each in found.items()}
    return mean | {"exact_shapley": mean["kernel_shap"]}


_NOT_HERE = ("counterfactuals", "attention_rollout")


def recovered(found: np.ndarray, truth: np.ndarray) -> float:
    """Correlation (Pearson) of strengths by column: order, size, and nothing for columns that aren't read."""
    return float(np.corrcoef(found, truth)[0, 1])


def ranking(values: dict, method: str) -> np.ndarray:
    """Global strengths in the order of the columns."""
    lines = {line["feature"]: line["value"] for line in values["methods"][method]["global"]}
    return np.array([lines[column] for column in COLUMNS])


def of_images(architecture: str) -> list[dict]:
    """Every method of images on a network whose class is a mark; maps of the marked images."""
    from assay.audits.explanation.attention_rollout import has_attention, to_cells
    from assay.audits.explanation.grad_cam import heat
    from assay.audits.explanation.occlusion import patches
    from assay.audits.explanation.pixels import Pixels, images_of, table_of

    rng = np.random.default_rng(SEED)
    y = rng.integers(0, 2, 600)
    pixels = rng.integers(0, 100, (600, *SHAPE))
    pixels[:, 0, 6:, 6:] += (y * 60)[:, None, None]
    table = table_of(pixels)

    def inputs(table: pa.Table):
        return (torch.from_numpy(images_of(table, SHAPE).astype(np.float32)) / 255 - 0.5,)

    torch.manual_seed(SEED)
    options = {"width": 16, "depth": 2, "heads": 2} if architecture == "vit_small" else {"channels": 8}
    module = build(architecture, ImageInput(channels=1, height=8, width=8), 2, **options)
    target = torch.from_numpy(y)
    fit(
        module,
        inputs(table),
        lambda out, rows: nn.functional.cross_entropy(out, target[rows]),
        20,
        4e-3,
    )
    model = Model(module, schema_of("image", "binary", ("image",), ("plain", "marked")), inputs, ("image",))
    marked = table.take(pa.array(np.flatnonzero(y == 1)[:100]))
    (images,), codes = inputs(marked), np.ones(100, int)
    maps = {
        "grad_cam": heat(module, images, torch.from_numpy(codes)),
        "occlusion": patches(Pixels.of(model, table), images_of(marked, SHAPE), codes, (SIDE, SIDE)),
    }
    if has_attention(module):
        maps["attention_rollout"] = to_cells(module, images)
    values = run(model, marked, codes, table.slice(0, 512), tuple(maps))
    accuracy = float((model.predict(table).argmax(axis=1) == y).mean())
    return [
        {
            "world": "watermark",
            "model": f"{architecture}, accuracy {accuracy:.3f}",
            "method": name,
            "recovered": on_the_mark(found),
            **checks(values, name),
            "randomized": values["faithfulness"].get(f"{name}_randomization_rank_correlation", {}).get(
                "value", ""
            ),
        }
        for name, found in maps.items()
    ]  # fmt: skip


def on_the_mark(maps: np.ndarray) -> float:
    """Share of maps whose strongest cell lies in the marked corner."""
    rows, columns = np.divmod(maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[2])
    return float(((rows >= maps.shape[1] * 3 // 4) & (columns >= maps.shape[2] * 3 // 4)).mean())


def run(model: Model, test: pa.Table, y: np.ndarray, background: pa.Table, methods: tuple[str, ...]) -> dict:
    """The section of the report."""
    with TemporaryDirectory() as folder:
        return explain(
            model,
            test,
            y_true=y,
            config=ExplainConfig(methods=methods, examples=1, rows=TEST),
            pictures=Path(folder),
            background=background,
        ).values


def checks(values: dict, method: str) -> dict:
    """Deletion, insertion and stability of a method; permutation importance has no shares of single rows."""
    names = ("deletion_advantage", "insertion_advantage", "stability_rank_correlation")
    found = values["faithfulness"]
    return {name: found.get(f"{method}_{name}", {}).get("value", "") for name in names}


def schema_of(modality: str, task: str, features: tuple[str, ...], classes: tuple[str, ...]) -> Schema:
    """Columns that are all features."""
    kind = "image" if modality == "image" else "numeric"
    columns = tuple(Column(name=name, kind=kind, role="feature", why="made here") for name in features)
    shape = SHAPE if modality == "image" else None
    return Schema(modality=modality, task=task, columns=columns, target="y", classes=classes, image=shape)


if __name__ == "__main__":
    main()
