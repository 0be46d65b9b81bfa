import numpy as np
import pyarrow as pa
import pytest
from assay.audits.robustness.corruptions.audit import corruptions, images_of, with_images
from assay.audits.robustness.corruptions.kinds import KINDS, SEVERITIES, corrupt
from assay.platform.data.schema import Column
from PIL import Image

ROWS = 60


def table_of(images):
    cells = pa.FixedSizeListArray.from_arrays(pa.array(images.reshape(-1)), images[0].size)
    return pa.table({"image": cells})


def left_or_right(table):
    """Decides by which half is brighter."""
    images = np.stack(table["image"].to_numpy()).reshape(-1, 8, 8).astype(float) / 255
    gap = images[:, :, 4:].mean(axis=(1, 2)) - images[:, :, :4].mean(axis=(1, 2))
    return 1 / (1 + np.exp(-20 * gap))


def by_chance(table):
    """A rule that is wrong everywhere at times: whether the bytes of an image add up to an odd number."""
    odd = np.stack(table["image"].to_numpy()).sum(axis=1, dtype=np.int64) % 2
    return np.stack([1.0 - odd, odd], axis=1)


@pytest.fixture
def subject(build):
    rng = np.random.default_rng(0)
    y_true = rng.integers(0, 2, ROWS)
    images = rng.random((ROWS, 1, 8, 8)) * 0.5
    for image, y in zip(images, y_true, strict=True):
        image[:, :, 4 * y : 4 * y + 4] += 0.4
    columns = (Column(name="image", kind="image", role="feature", why=""),)
    table = table_of((images * 255).astype(np.uint8))
    shape = {"modality": "image", "image": (1, 8, 8)}
    return build(
        columns, table, y_true, left_or_right, schema=shape, sensitive={"g": np.array(["a", "b"] * 30)}
    )


def test_images_come_out_as_they_went_in(subject):
    images = images_of(subject.table, subject.schema)
    bytes_ = (images * 255 + 0.5).astype(np.uint8)
    assert with_images(subject.table, subject.schema, bytes_).equals(subject.table)


def test_every_kind_and_severity_is_asked_with_the_bytes_of_that_corruption(subject, tmp_path):
    found = corruptions(subject, tmp_path).values["families"]["corruption"]
    assert len(found["changes"]) == 75
    images = images_of(subject.table, subject.schema)
    for change in found["changes"][::13]:
        made = corrupt(images, change["kind"], change["level"], 0)
        decided = left_or_right(table_of(made)) > 0.5
        assert change["result"]["value"] == pytest.approx(np.mean(decided == subject.predictions.y_true))


def test_the_mean_corruption_error_is_the_mean_of_ratios_of_sums(subject, tmp_path):
    found = corruptions(subject, tmp_path, by_chance)
    images, y_true = images_of(subject.table, subject.schema), subject.predictions.y_true
    ratios = {}
    for kind in KINDS:
        tables = [table_of(corrupt(images, kind, severity, 0)) for severity in SEVERITIES]
        ours = sum(np.sum((left_or_right(t) > 0.5) != y_true) for t in tables)
        ratios[kind] = ours / sum(np.sum(by_chance(t).argmax(axis=1) != y_true) for t in tables)
    number = found.values["metrics"]["mean_corruption_error"]
    assert number["value"] == pytest.approx(np.mean(list(ratios.values())))
    assert number["low"] <= number["value"] <= number["high"]
    assert found.values["families"]["corruption"]["error_ratios"] == pytest.approx(ratios)


def test_the_same_model_as_its_own_reference_has_an_error_of_exactly_1(subject, tmp_path):
    def itself(table):
        return subject.scorer.predict(table)

    flipped = subject.predictions.y_true.copy()
    flipped[:30] = 1 - flipped[:30]  # so that there are mistakes everywhere
    subject.predictions.y_true[:] = flipped
    number = corruptions(subject, tmp_path, itself).values["metrics"]["mean_corruption_error"]
    assert (number["value"], number["low"], number["high"]) == pytest.approx((1, 1, 1))


def test_without_a_reference_the_ratio_is_missing(subject, tmp_path):
    found = corruptions(subject, tmp_path)
    assert "mean_corruption_error" not in found.values["metrics"]
    assert "/metrics/mean_corruption_error" in found.missing


def test_the_sheet_shows_the_image_and_all_fifteen(subject, tmp_path):
    found = corruptions(subject, tmp_path).values["families"]["corruption"]
    assert found["picture"] == f"{tmp_path.name}/corruptions.png"
    sheet = np.asarray(Image.open(tmp_path / "corruptions.png").convert("L"))
    assert sheet.shape == (4 * 66 - 2, 4 * 66 - 2)
    first = (images_of(subject.table, subject.schema)[0, 0] * 255 + 0.5).astype(int)
    assert np.abs(sheet[4:64:8, 4:64:8] - first).max() <= 4
    assert (tmp_path / "corruptions.png").read_bytes() == _again(subject, tmp_path)


def _again(subject, folder):
    corruptions(subject, folder)
    return (folder / "corruptions.png").read_bytes()


def test_calibration_is_followed_by_severity_and_groups_have_their_own_accuracy(subject, tmp_path):
    found = corruptions(subject, tmp_path).values
    calibrated = found["families"]["corruption"]["calibration"]
    assert [entry["level"] for entry in calibrated] == list(SEVERITIES)
    assert all(entry["changed"]["n"] == ROWS for entry in calibrated)
    changes = found["families"]["corruption"]["changes"]
    mean = np.mean([change["result"]["value"] for change in changes])
    assert found["metrics"]["corruption_accuracy"]["value"] == pytest.approx(mean)
    groups = found["groups"]["g"]
    both = [groups[name]["metrics"]["corruption_accuracy"]["value"] for name in "ab"]
    assert np.mean(both) == pytest.approx(mean)
