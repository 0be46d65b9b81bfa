import hashlib
import json
import os
from pathlib import Path

import pytest
from assay.platform.exceptions import StoreError
from assay.platform.store import Store, canonical_json


def test_looking_into_a_store_that_is_not_there_makes_nothing(store, key):
    assert store.lookup(key) is None
    store.clear_scratch(key)
    assert not store.root.exists()


def test_what_was_published_is_found_again_with_its_manifest(store, key, recipe, published):
    found = Store(store.root).lookup(key)
    assert found == published
    assert found.key == key
    assert (found.path / "weights" / "model.safetensors").read_bytes() == b"weights"
    manifest = found.manifest
    assert {name: getattr(manifest, name) for name in recipe} == recipe
    assert manifest.details == {"epochs": 3}
    assert manifest.energy == {"kwh": 1e-6}
    assert manifest.seconds > 0
    assert manifest.environment["cpus"] == os.cpu_count()


def test_the_digest_is_that_of_the_data_files_alone(published):
    listing = {
        "history.json": hashlib.sha256(b"{}").hexdigest(),
        "weights/model.safetensors": hashlib.sha256(b"weights").hexdigest(),
    }
    assert published.digest == hashlib.sha256(canonical_json(listing)).hexdigest()


def test_time_energy_and_details_do_not_change_the_digest(tmp_path, key, recipe):
    digests = set()
    for number in range(2):
        with Store(tmp_path / str(number)).publish(key, **recipe) as draft:
            (draft.path / "data").write_bytes(b"same")
            draft.details["number"] = number
            draft.reading = {"kwh": number}
            draft.seconds = float(number)
        assert draft.artifact.manifest.seconds == number
        digests.add(draft.artifact.digest)
    assert len(digests) == 1


def test_the_digest_of_some_files_ignores_the_others(published):
    one = published.digest_of("history.json")
    assert (
        one == hashlib.sha256(canonical_json({"history.json": hashlib.sha256(b"{}").hexdigest()})).hexdigest()
    )
    assert published.digest_of("history.json", "weights/model.safetensors") == published.digest
    with pytest.raises(StoreError, match="no file 'absent'"):
        published.digest_of("absent")


def test_an_exception_inside_leaves_nothing(store, key, recipe, leftovers):
    def stage(path):
        (path / "data").write_bytes(b"half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.publish(key, **recipe) as draft:
        stage(draft.path)
    assert leftovers() == []
    assert store.lookup(key) is None


def test_a_key_that_does_not_follow_from_its_parts_is_refused(store, key, recipe):
    with (
        pytest.raises(StoreError, match="does not follow"),
        store.publish(key, **{**recipe, "code": "other"}),
    ):
        pass


@pytest.mark.parametrize(
    "make",
    [
        lambda path: None,
        lambda path: (path / "empty").mkdir(),
        lambda path: (path / "manifest.json").write_text("{}"),
        lambda path: (path / "link").symlink_to("/etc/passwd"),
        lambda path: (path / "folder").symlink_to("/etc"),
        lambda path: os.mkfifo(path / "pipe"),
        lambda path: (path / "new\nline").write_text(""),
        lambda path: (path / "back\\slash").write_text(""),
    ],
    ids=[
        "nothing",
        "folders only",
        "a manifest",
        "a link",
        "a linked folder",
        "a pipe",
        "a newline",
        "a backslash",
    ],
)
def test_a_draft_that_can_not_be_an_artifact_is_refused_and_removed(store, key, recipe, leftovers, make):
    with pytest.raises(StoreError), store.publish(key, **recipe) as draft:
        make(draft.path)
    assert leftovers() == []


def test_details_that_json_lacks_are_refused_with_their_place(store, key, recipe, leftovers):
    def stage(draft):
        (draft.path / "data").write_bytes(b"x")
        draft.details["loss"] = float("nan")

    with pytest.raises(ValueError, match="/details/loss"), store.publish(key, **recipe) as draft:
        stage(draft)
    assert leftovers() == []


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (lambda path: (path / "history.json").write_text("[]"), "history.json has other content"),
        (lambda path: (path / "history.json").write_text("{} "), "history.json has 3 bytes, not 2"),
        (lambda path: (path / "history.json").unlink(), "history.json is missing"),
        (lambda path: (path / "added").write_text(""), "added is not in the manifest"),
        (lambda path: (path / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda path: (path / "manifest.json").write_text("{"), "the manifest is not JSON"),
        (
            lambda path: (path / "link").symlink_to("history.json"),
            "link is neither a plain file nor a folder",
        ),
        (
            lambda path: _swap_for_link(path / "history.json"),
            "history.json is neither a plain file nor a folder",
        ),
        (lambda path: _edit(path, code="other"), "key does not follow"),
        (lambda path: _edit(path, digest="0" * 64), "digest does not follow"),
        (
            lambda path: (path / "history.json").unlink() or (path / "history.json").mkdir(),
            "history.json is missing",
        ),
    ],
)
def test_a_corrupt_artifact_is_set_aside_reported_and_not_used(store, key, recipe, published, tamper, reason):
    tamper(published.path)
    assert store.lookup(key) is None
    [warning] = store.warnings
    assert warning.key == key
    assert reason in "; ".join(warning.reasons)
    assert not published.path.exists()
    record = json.loads(Path(f"{warning.moved_to}.json").read_text())
    assert record["reasons"] == list(warning.reasons)
    with pytest.raises(StoreError, match="run the spec again"):
        store.get(key)
    with store.publish(key, **recipe) as draft:
        (draft.path / "data").write_bytes(b"anew")
    assert store.get(key) == draft.artifact
    assert len(store.warnings) == 1


def _swap_for_link(path):
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _edit(path, **changes):
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def test_an_artifact_under_another_key_is_not_believed(store, published):
    other = "0" * 64
    published.path.rename(published.path.with_name(other))
    assert store.lookup(other) is None
    assert published.key in store.warnings[0].reasons[0]


@pytest.mark.parametrize("kind", ["file", "link", "empty folder"])
def test_something_else_in_the_place_of_an_artifact_is_set_aside(store, key, recipe, published, kind):
    target = published.path.rename(store.root / "away")
    if kind == "file":
        published.path.write_text("")
    elif kind == "link":
        published.path.symlink_to(target)
    else:
        published.path.mkdir()
    assert store.lookup(key) is None
    with store.publish(key, **recipe) as draft:
        (draft.path / "data").write_bytes(b"anew")
    assert store.lookup(key) == draft.artifact
    assert (target / "history.json").exists()


def test_the_first_of_two_publishers_wins_and_the_second_adopts(store, key, recipe):
    other = Store(store.root)
    with store.publish(key, **recipe) as late:
        (late.path / "data").write_bytes(b"same")
        with other.publish(key, **recipe) as early:
            (early.path / "data").write_bytes(b"same")
    assert late.artifact == early.artifact
    assert not late.path.exists()
    assert store.warnings == []


def test_a_second_publisher_with_other_data_adopts_the_first_and_says_so(store, key, recipe):
    with store.publish(key, **recipe) as late:
        (late.path / "data").write_bytes(b"late")
        with store.publish(key, **recipe) as early:
            (early.path / "data").write_bytes(b"early")
    assert late.artifact.digest == early.artifact.digest
    assert "other data" in store.warnings[0].reasons[0]


def test_a_publisher_replaces_an_artifact_that_rotted_meanwhile(store, key, recipe, published):
    (published.path / "history.json").write_text("[]")
    with store.publish(key, **recipe) as draft:
        (draft.path / "data").write_bytes(b"anew")
    assert store.get(key).digest == draft.artifact.digest != published.digest
    assert len(store.warnings) == 1


def test_scratch_is_the_same_folder_again_until_publication_clears_it(store, key, recipe):
    (store.scratch(key) / "checkpoint").write_text("half")
    assert (Store(store.root).scratch(key) / "checkpoint").read_text() == "half"
    with pytest.raises(ZeroDivisionError), store.publish(key, **recipe):
        raise ZeroDivisionError
    assert (store.scratch(key) / "checkpoint").exists()
    with store.publish(key, **recipe) as draft:
        (draft.path / "data").write_bytes(b"whole")
    assert list((store.root / "scratch").iterdir()) == []
    assert list(store.scratch(key).iterdir()) == []


def test_scratch_of_another_key_is_left_alone(store, key, recipe):
    other = store.scratch("0" * 64)
    store.clear_scratch(key)
    assert other.is_dir()


def test_nothing_but_a_hash_becomes_a_path(store):
    for call in (store.lookup, store.get, store.scratch, store.clear_scratch):
        with pytest.raises(StoreError, match="not a cache key"):
            call("../../outside")
    assert not store.root.exists()


def test_a_manifest_can_be_read_without_the_files(store, key, published):
    assert store.manifest(key) == published.manifest
    (published.path / "history.json").chmod(0o644)
    (published.path / "history.json").write_bytes(b"changed")
    assert store.manifest(key) == published.manifest
    (published.path / "manifest.json").chmod(0o644)
    (published.path / "manifest.json").write_bytes(b"{}")
    assert store.manifest(key) is None
    assert store.manifest("0" * 64) is None
