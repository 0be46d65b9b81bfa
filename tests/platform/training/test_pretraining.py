"""The stage that learns without labels."""

import json
from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from assay.platform.data.dataset import Dataset
from assay.platform.exceptions import CombinationError, SpecError


def digest(folder):
    return sha256((folder / "weights/model.safetensors").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("data", "model", "method"), [("tabular", "mlp", "scarf"), ("pictures", "resnet_small", "simclr")]
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
