import copy
import json

import pytest
from assay.platform.exceptions import StoreError
from assay.platform.store import FileEntry, Manifest, cache_key, canonical_json, tree_digest

RECIPE = {
    "kind": "model",
    "inputs": {"dataset": "d" * 64},
    "section": {"a": [1]},
    "code": "c",
    "libraries": {},
}
FILES = {"weights/model.safetensors": FileEntry(sha256="a" * 64, bytes=3)}


@pytest.fixture
def written() -> dict:
    manifest = Manifest(
        **RECIPE,
        key=cache_key(**RECIPE),
        digest=tree_digest({name: entry.sha256 for name, entry in FILES.items()}),
        files=FILES,
        environment={"python": "3.11.7"},
        seconds=1.5,
        energy={"kwh": 1e-6},
        details={"epochs": 3},
        created="2026-01-01T00:00:00+00:00",
    )
    return json.loads(canonical_json(manifest.to_json()))


def test_a_manifest_reads_back_as_it_was_written(written):
    manifest = Manifest.from_json(written)
    assert manifest.to_json() == written
    assert manifest.files == FILES
    assert Manifest.parse(canonical_json(written)) == manifest


def test_every_key_is_required_and_no_other_is_known(written):
    for name in written:
        with pytest.raises(StoreError, match=name):
            Manifest.from_json({key: value for key, value in written.items() if key != name})
    with pytest.raises(StoreError, match="extra"):
        Manifest.from_json({**written, "extra": 1})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schema_version", 2),
        ("schema_version", True),
        ("kind", None),
        ("key", "../" * 21 + "a"),
        ("files", []),
        ("files", {"../x": {"sha256": "a" * 64, "bytes": 3}}),
        ("files", {"x": {"sha256": "a" * 64}}),
        ("files", {"x": {"sha256": "a" * 64, "bytes": True}}),
        ("files", {"x": None}),
        ("seconds", "1.5"),
        ("seconds", True),
        ("energy", None),
        ("details", []),
        ("created", 3),
    ],
)
def test_a_value_of_another_type_is_refused(written, name, value):
    with pytest.raises(StoreError):
        Manifest.from_json({**written, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("kind", "dataset"), ("inputs", {}), ("section", {}), ("code", "d"), ("libraries", {"torch": "1"})],
)
def test_a_key_that_does_not_follow_from_the_parts_is_refused(written, name, value):
    with pytest.raises(StoreError, match="key does not follow"):
        Manifest.from_json({**written, name: value})


def test_a_digest_that_does_not_follow_from_the_files_is_refused(written):
    changed = copy.deepcopy(written)
    changed["files"]["weights/model.safetensors"]["sha256"] = "b" * 64
    with pytest.raises(StoreError, match="digest does not follow"):
        Manifest.from_json(changed)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000])
def test_what_is_not_a_manifest_is_refused(text):
    with pytest.raises(StoreError):
        Manifest.parse(text)
