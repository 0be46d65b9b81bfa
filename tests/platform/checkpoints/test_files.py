"""Where a checkpoint lies: a folder or the hub's cache; nothing is fetched unasked, no pickle is opened."""

import pytest
from assay.platform.checkpoints.files import checkpoint_files, fingerprint, located
from assay.platform.checkpoints.permission import permitting
from assay.platform.checkpoints.reference import check, label
from assay.platform.exceptions import ModelError
from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path, monkeypatch, bert):
    """The hub's cache with one repository in it, laid out as the hub's library does."""
    repository = tmp_path / "cache" / "models--acme--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    (repository / "snapshots").mkdir()
    bert.rename(repository / "snapshots" / COMMIT)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return repository


@pytest.mark.parametrize("reference", ["hf:acme/tiny", "hf:acme/tiny@main", f"hf:acme/tiny@{COMMIT}"])
def test_what_the_cache_holds_is_found_without_asking_anybody(cache, reference):
    check(reference)
    assert located(reference) == cache / "snapshots" / COMMIT


def test_what_it_does_not_hold_is_refused_and_the_way_out_is_named(cache):
    with pytest.raises(ModelError, match="nothing may be fetched") as caught:
        located("hf:acme/other")
    assert "--allow-fetch" in str(caught.value)
    assert caught.value.exit_code == 2


def test_permission_to_fetch_that_reaches_nothing_says_so(cache):
    with permitting(fetch=True), pytest.raises(ModelError, match="isn't here") as caught:
        located("hf:acme/other")
    assert "check the name and the connection" in str(caught.value)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pth", "model.pt", "model.CKPT"])
def test_pickles_are_never_opened(tmp_path, name):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / name).write_bytes(b"cos\nsystem\n(S'echo'\ntR.")
    with pytest.raises(ModelError, match="a pickle, and opening it would run") as caught:
        checkpoint_files(tmp_path)
    assert "safetensors" in str(caught.value)


def test_a_folder_without_description_or_weights_is_none(tmp_path):
    with pytest.raises(ModelError, match=r"no model\.safetensors"):
        checkpoint_files(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match=r"no config\.json"):
        checkpoint_files(tmp_path)


def test_the_fingerprint_follows_every_byte_that_is_read_and_no_other(bert):
    before = fingerprint(checkpoint_files(bert))
    (bert / "notes.txt").write_text("nobody reads this")
    assert fingerprint(checkpoint_files(bert)) == before
    (bert / "README.md").write_text("another card")
    assert fingerprint(checkpoint_files(bert)) != before


def test_a_label_shows_no_folder_of_the_machine():
    assert label("folder:/home/somebody/minilm") == "folder:minilm"
    assert label("hf:acme/tiny@main") == "hf:acme/tiny@main"
