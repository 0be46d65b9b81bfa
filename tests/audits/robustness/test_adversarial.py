from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from assay.audits.robustness.adversarial import adversarial
from assay.platform.data.schema import Column
from torch import nn

from_numpy = torch.from_numpy


class Linear(nn.Module):
    """A tabular network whose logit is w·x over numbers; a category does nothing."""

    def __init__(self, weights, bend=lambda margin: margin):
        super().__init__()
        self.weights, self.bend = nn.Parameter(torch.tensor(weights)), bend

    def tokens(self, numeric, categorical):
        return numeric[:, :, None]

    def from_tokens(self, tokens):
        margin = self.bend(tokens[:, :, 0] @ self.weights)
        return torch.stack([torch.zeros_like(margin), margin], dim=1)

    def forward(self, numeric, categorical):
        return self.from_tokens(self.tokens(numeric, categorical))


class Opened:
    """A model with a network to look into."""

    def __init__(self, schema, module, names):
        self.schema, self.task, self.module, self.names = schema, schema.task, module, names

    def inputs(self, table):
        columns = [table[name].to_numpy().astype(np.float32) for name in self.names]
        return from_numpy(np.stack(columns, axis=1)), torch.zeros(table.num_rows, 0, dtype=torch.int64)

    def predict(self, table):
        with torch.no_grad():
            return self.module(*self.inputs(table)).softmax(dim=1).numpy().astype(float)

    def decide(self, scores, table):
        return scores.argmax(axis=1)


@pytest.fixture
def attacked(build, numbers):
    def make(module, **settings):
        columns, table, y_true = numbers
        subject = build(
            columns, table, y_true, None,
            model=lambda schema: Opened(schema, module, ["x", "z"]),
            sensitive={"g": np.where(np.arange(len(y_true)) % 3, "a", "b")}, **settings,
        )  # fmt: skip
        wide = pa.table({"x": [-50.0, 50.0] * 100, "z": [-50.0, 50.0] * 100, "c": ["u"] * 200})
        return subject, adversarial(subject, wide)

    return make


def test_accuracy_under_attack_of_a_linear_model_is_the_closed_form(attacked):
    weights = [1.0, 0.2]
    subject, found = attacked(Linear(weights), epsilons=(0.001, 0.005, 0.02))
    x, z = (subject.table[name].to_numpy() for name in "xz")
    unit = float(torch.tensor([-50.0, 50.0] * 100).std())
    margin = np.where(x > 0, 1, -1) * (x * weights[0] + z * weights[1])
    attacks = found.values["adversarial"]["spaces"]["numbers"]["attacks"]
    for attack in attacks:
        if attack["kind"] != "noise":
            expected = np.mean(margin > attack["level"] * unit * sum(weights))
            assert attack["result"]["value"] == pytest.approx(expected, abs=1e-9)
    assert found.values["metrics"]["adversarial_accuracy"] == attacks[5]["result"]
    assert found.values["adversarial"]["space"] == "numbers"
    assert (attacks[5]["kind"], attacks[5]["level"]) == ("pgd", 0.005)
    groups = found.values["groups"]["g"]
    for name, rows in (("a", np.arange(300) % 3 > 0), ("b", np.arange(300) % 3 == 0)):
        expected = np.mean(margin[rows] > 0.005 * unit * sum(weights))
        assert groups[name]["metrics"]["adversarial_accuracy"]["value"] == pytest.approx(expected)


def test_noise_of_the_same_size_is_weaker_and_gradients_are_believed(attacked):
    _, found = attacked(Linear([1.0, 1.0]), epsilons=(0.002, 0.01))
    checks = found.values["adversarial"]["spaces"]["numbers"]["checks"]
    assert checks["pgd_at_least_as_strong_as_fgsm"]
    assert checks["noise_weaker_than_pgd"]
    assert checks["twice_the_steps_change_little"]


def test_a_masked_gradient_is_noticed(attacked):
    """A step function has no slope: attacks find nothing, and noise does as well as they or better."""
    _, found = attacked(Linear([1.0, 1.0], bend=lambda m: 5 * torch.sign(m) + 0 * m), epsilons=(0.03,))
    part = found.values["adversarial"]["spaces"]["numbers"]
    level = {a["kind"]: a["result"]["value"] for a in part["attacks"]}
    assert level["noise"] < level["fgsm"]
    assert not (part["checks"]["pgd_at_least_as_strong_as_fgsm"] and part["checks"]["noise_weaker_than_pgd"])


class Pixels(nn.Module):
    """Two classes over standardised pixels, linear."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights, dtype=torch.float32))

    def forward(self, images):
        margin = images.flatten(1) @ self.weights
        return torch.stack([torch.zeros_like(margin), margin], dim=1)


class Camera(Opened):
    """A model of images: bytes, standardised by a mean and a deviation."""

    def __init__(self, schema, module):
        super().__init__(schema, module, [])
        self.preprocessor = SimpleNamespace(pixels=SimpleNamespace(mean=(0.5,), std=(0.25,)))

    def inputs(self, table):
        images = np.stack(table["image"].to_numpy()).reshape(-1, 1, 2, 2).astype(np.float32) / 255
        return (from_numpy((images - 0.5) / 0.25),)


def test_pixels_are_attacked_in_their_own_unit_whatever_the_network_s_scale(build):
    rng = np.random.default_rng(0)
    grey = rng.integers(77, 178, size=(200, 4), dtype=np.uint8)  # 0.3 to 0.7: no attack reaches an edge
    weights = np.array([1.0, -0.5, 0.25, 0.5])
    margin = (grey / 255 - 0.5) @ weights
    cells = pa.FixedSizeListArray.from_arrays(pa.array(grey.reshape(-1)), 4)
    subject = build(
        (Column(name="image", kind="image", role="feature", why=""),), pa.table({"image": cells}),
        (margin > 0).astype(np.int64), None, model=lambda schema: Camera(schema, Pixels(weights)),
        schema={"modality": "image", "image": (1, 2, 2)}, epsilons=(0.0101, 0.0303, 0.1007),
    )  # fmt: skip
    found = adversarial(subject, subject.table).values["adversarial"]
    assert found["spaces"].keys() == {"pixels"}
    for attack in found["spaces"]["pixels"]["attacks"]:
        if attack["kind"] != "noise":
            expected = np.mean(np.abs(margin) > attack["level"] * np.abs(weights).sum())
            assert attack["result"]["value"] == pytest.approx(expected, abs=1e-9)


def test_without_a_network_the_reason_is_said(build, numbers):
    columns, table, y_true = numbers
    subject = build(columns, table, y_true, lambda t: (t["x"].to_numpy() > 0) * 1.0)
    assert "torch module" in adversarial(subject, table).missing["/adversarial"]


def test_values_are_not_attacked(build, numbers):
    columns, table, _ = numbers
    x = table["x"].to_numpy()
    subject = build(columns, table, x, lambda t: t["x"].to_numpy(), task="regression")
    assert "/adversarial" in adversarial(subject, table).missing
