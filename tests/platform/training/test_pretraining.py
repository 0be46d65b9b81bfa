"""The stage that learns without labels."""

import json
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import CombinationError, SpecError
from assay.platform.training.config import ModelConfig

VIT = ModelConfig(architecture="vit_small", options={"width": 16, "depth": 1, "heads": 2})


def digest(folder):
    return sha256((folder / "weights/model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("data", "model", "method"),
    [
        ("tabular", "mlp", "scarf"),
        ("tabular", "mlp", "masked_features"),
        ("pictures", "resnet_small", "simclr"),
        ("pictures", "resnet_small", "byol"),
        ("pictures", "resnet_small", "barlow_twins"),
        ("pictures", "resnet_small", "vicreg"),
        ("pictures", VIT, "mae"),
    ],
)
def test_it_lowers_its_loss_and_gives_the_same_bytes_again(pretrained, request, data, model, method):
    dataset = request.getfixturevalue(data)
    settings = {"model": model, "method": method, "epochs": 4, "learning_rate": 5e-3}
    out, details = pretrained(dataset, **settings)
    losses = [entry["train_loss"] for entry in json.loads((out / "history.json").read_text())]
    assert losses[-1] < losses[0]
    assert details["method"] == method
    assert details["feature_std"] > 0
    assert digest(pretrained(dataset, model=model, method=method, epochs=4, learning_rate=5e-3)[0]) == digest(
        out
    )


@pytest.mark.parametrize("method", ["moco", "byol"])
def test_a_method_with_a_moving_target_keeps_the_last_epoch(pretrained, pictures, method):
    out, details = pretrained(pictures, model="resnet_small", method=method, epochs=3)
    assert details["best_epoch"] == 3
    history = json.loads((out / "history.json").read_text())
    assert [set(entry) for entry in history] == [{"epoch", "train_loss"}] * 3


def test_masked_patches_are_refused_for_a_network_without_patches(pretrained, pictures):
    with pytest.raises(CombinationError, match="mae with resnet_small") as caught:
        pretrained(pictures, model="resnet_small", method="mae")
    assert "vit_small" in str(caught.value)


def test_labels_have_no_say(pretrained, tabular, write, tmp_path):
    data = Dataset.open(tabular)
    table = pa.concat_tables([data.table("train"), data.table("validation")]).drop_columns("__row__")
    shuffled = np.random.default_rng(0).permutation(table["label"].to_numpy(zero_copy_only=False))
    position = table.column_names.index("label")
    other = table.set_column(position, "label", pa.array(shuffled))
    one, two = (
        pretrained(write(tmp_path / name, rows, data.schema, (300, 100)), method="scarf")[0]
        for name, rows in (("as it is", table), ("shuffled", other))
    )
    assert digest(one) == digest(two)


def test_the_test_rows_are_never_opened(pretrained, tabular, tmp_path):
    data = Dataset.open(tabular)
    for split in ("train", "validation"):
        pq.write_table(data.table(split), tmp_path / f"{split}.parquet")
    for name in ("schema.json", "datasheet.json"):
        (tmp_path / name).write_bytes((tabular / name).read_bytes())
    assert digest(pretrained(tmp_path, method="scarf")[0]) == digest(pretrained(tabular, method="scarf")[0])


@pytest.mark.parametrize(
    ("data", "model", "method"), [("tabular", "mlp", "simclr"), ("pictures", "resnet_small", "scarf")]
)
def test_a_method_for_other_data_is_refused(pretrained, request, data, model, method):
    with pytest.raises(CombinationError, match=r"pretrain\.method"):
        pretrained(request.getfixturevalue(data), model=model, method=method)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"method": "skarf"}, "'scarf'"),
        ({"method": "scarf", "options": {"corrupton": 0.5}}, "'corruption'"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(pretrained, tabular, settings, named):
    with pytest.raises(SpecError) as caught:
        pretrained(tabular, **settings)
    assert named in str(caught.value)
