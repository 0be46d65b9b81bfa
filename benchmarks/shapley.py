"""S4: Shapley values of 200 rows, 100 background rows, beside shap's KernelExplainer with its defaults.

Three models: the packaged network on Adult (11 columns, many values alike); gradient boosting on the same
columns, asked through its scores alone; and a function of 12 continuous columns in which no two rows agree
anywhere, the worst case for ours. Errors are against exact values, by enumeration of all coalitions of `FEW`
rows; they are root mean squares over rows and columns, in the unit of the output, and beside them the size of
a usual share.

The peer is slow: it explains `FEW` of the rows, and its time is multiplied up; so do our exact values of
continuous columns, which are too many to enumerate for every row. The peer's model is the same, called
with a matrix, without any of our code around it. One thread each.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import shap
import torch
from assay.audits.explanation.outputs import log_odds
from assay.audits.explanation.shapley import MixedTable, MixedTokens, Mixture, Shares, exact, kernel_shap
from assay.audits.explanation.shapley.values import COALITIONS
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.predictor import Predictor
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig
from record import interleave, write
from sklearn.ensemble import HistGradientBoostingClassifier

SEED = 0
ROWS, BACKGROUND, FEW = 200, 100, 5
CONTINUOUS, MORE = 12, 256
_BATCH = 4096

Model = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    """Measure, print, write."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        predictor, data = adult(Path(folder))
        test = data.test_table().slice(0, ROWS)
        table = pa.concat_tables([test, data.table("train").slice(0, BACKGROUND)])
        rows = compare("network on Adult, by its tokens", *network(predictor, table))
        rows += compare("boosting on Adult, by its scores", *boosting(predictor, data, table))
    rows += compare(
        f"tanh network of {CONTINUOUS} continuous columns, by its scores", *continuous(), exact_rows=FEW
    )
    write("shapley", rows, seed=SEED)


def compare(
    world: str,
    make: Callable[[], Mixture],
    matrix: np.ndarray,
    model: Model,
    read: Model,
    exact_rows: int = ROWS,
) -> list[dict]:
    """The peer and ours, sampled and exact, on one model.

    Args:
        make: the rows and then the background, coded: made anew in each run, for it remembers what was asked.
        matrix: the rows and then the background, as `model` takes them.
        model: outputs `(n,)` of a matrix.
        read: what is shared out, of the mixture's outputs.
        exact_rows: rows that exact values are timed on.
    """
    of = lambda outputs, _: read(outputs)  # noqa: E731
    others = ROWS + np.arange(BACKGROUND)

    def ask(method, rows: int) -> Shares:
        return method(make(), np.arange(rows), others, np.zeros(rows, int), of)

    explainer = shap.KernelExplainer(model, matrix[ROWS:])
    np.random.seed(SEED)  # the peer draws from numpy's global generator
    work = {
        "shap KernelExplainer": (FEW, partial(explainer.shap_values, matrix[:FEW], silent=True)),
        f"ours, {COALITIONS} coalitions": (ROWS, partial(ask, kernel_shap, ROWS)),
        f"ours, {MORE} coalitions": (ROWS, partial(ask, partial(kernel_shap, coalitions=MORE), ROWS)),
        "ours, exact": (exact_rows, partial(ask, exact, exact_rows)),
    }
    seconds = interleave({what: run for what, (_, run) in work.items()}, repeats=3)
    for what, (rows, _) in work.items():
        seconds[what] *= ROWS / rows
    truth, found = ask(exact, FEW).values, {what: run() for what, (_, run) in work.items()}
    return [_line(world, what, seconds, found[what], truth, work[what][0]) for what in work]


def _line(
    world: str, what: str, seconds: dict[str, float], found: Shares | np.ndarray, truth: np.ndarray, rows: int
) -> dict:
    ours = isinstance(found, Shares)
    off = (found.values if ours else found)[:FEW] - truth
    return {
        "model": world,
        "what": what,
        "rows_timed": rows,
        "seconds_of_200_rows": seconds[what],
        "faster": seconds["shap KernelExplainer"] / seconds[what],
        "error": float(np.sqrt((off**2).mean())),
        "largest_error": float(np.abs(off).max()),
        "usual_share": float(np.abs(truth).mean()),
        "evaluations_a_row": found.evaluated / rows if ours else "",
    }


def adult(folder: Path) -> tuple[Predictor, Dataset]:
    """The packaged data and network, after a few epochs."""
    for name in ("data", "model", "scratch"):
        (folder / name).mkdir()
    ingest(DataConfig(source="builtin:adult", sensitive=("sex", "race")), out=folder / "data")
    train(
        dataset=folder / "data",
        model=ModelConfig(architecture="mlp"),
        config=TrainConfig(epochs=5, batch_size=512, learning_rate=2e-3, seed=SEED),
        out=folder / "model",
        scratch=folder / "scratch",
    )
    return Predictor.load(folder / "model"), Dataset.open(folder / "data")


def network(predictor: Predictor, table: pa.Table) -> tuple[Callable[[], Mixture], np.ndarray, Model, Model]:
    """Log-odds of the network; the peer's matrix holds numbers and codes as the network takes them."""
    numeric, codes = predictor.inputs(table)
    matrix = torch.cat([numeric.double(), codes.double()], dim=1).numpy()
    width = numeric.shape[1]

    def read(outputs: np.ndarray) -> np.ndarray:
        logits = torch.from_numpy(outputs)
        return log_odds(logits, torch.ones(len(logits), dtype=torch.int64)).double().numpy()

    def model(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            parts = [
                predictor.module(
                    torch.from_numpy(part[:, :width]).float(), torch.from_numpy(part[:, width:]).long()
                ).numpy()
                for part in np.array_split(x, max(1, len(x) // _BATCH))
            ]
        return read(np.concatenate(parts))

    make = lambda: MixedTokens(predictor.module, predictor.inputs(table), predictor.feature_names)  # noqa: E731
    return make, matrix, model, read


class Scores:
    """A model over the columns of a matrix."""

    def __init__(self, model: Model):
        self.model = model

    def predict(self, table: pa.Table) -> np.ndarray:
        """What the model says of a table."""
        return self.model(np.stack([table[name].to_numpy() for name in table.column_names], axis=1))


def of_matrix(matrix: np.ndarray, model: Model) -> tuple[Callable[[], Mixture], np.ndarray, Model, Model]:
    """A model of a matrix as a model of a table of as many columns."""
    names = [f"column {place}" for place in range(matrix.shape[1])]
    table = pa.table(dict(zip(names, matrix.T, strict=True)))
    make = partial(MixedTable, Scores(model), table, names)
    return make, matrix, model, lambda outputs: outputs[:, 0].astype(float)


def boosting(
    predictor: Predictor, data: Dataset, table: pa.Table
) -> tuple[Callable[[], Mixture], np.ndarray, Model, Model]:
    """Probability by scikit-learn's boosting on numbers and codes."""
    train_rows = data.table("train")
    x = np.concatenate(predictor.preprocessor.raw(train_rows), axis=1)
    fitted = HistGradientBoostingClassifier(random_state=SEED, max_iter=50).fit(
        x, predictor.preprocessor.targets(train_rows)
    )
    matrix = np.concatenate(predictor.preprocessor.raw(table), axis=1)
    return of_matrix(matrix, lambda x: fitted.predict_proba(x)[:, 1])


def continuous() -> tuple[Callable[[], Mixture], np.ndarray, Model, Model]:
    """A small random network of numbers that no two rows share."""
    rng = np.random.default_rng(SEED)
    first, second = rng.normal(size=(CONTINUOUS, 16)) / CONTINUOUS**0.5, rng.normal(size=16)
    matrix = rng.normal(size=(ROWS + BACKGROUND, CONTINUOUS))
    return of_matrix(matrix, lambda x: np.tanh(2 * x @ first) @ second)


if __name__ == "__main__":
    main()
