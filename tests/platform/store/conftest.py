import pytest
from assay.platform.store import Store, cache_key


@pytest.fixture
def recipe() -> dict:
    return {
        "kind": "model",
        "inputs": {"dataset": "d" * 64},
        "section": {"epochs": 3},
        "code": "c",
        "libraries": {},
    }


@pytest.fixture
def key(recipe) -> str:
    return cache_key(**recipe)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def published(store, key, recipe):
    """An artifact of two files."""
    with store.publish(key, **recipe) as draft:
        (draft.path / "weights").mkdir()
        (draft.path / "weights" / "model.safetensors").write_bytes(b"weights")
        (draft.path / "history.json").write_text("{}")
        draft.details["epochs"] = 3
        draft.reading = {"kwh": 1e-6}
    return draft.artifact


@pytest.fixture
def leftovers(store):
    """Function that lists the paths below the store but its lock and empty top folders."""

    def list_them() -> list[str]:
        paths = (path.relative_to(store.root).as_posix() for path in store.root.rglob("*"))
        return sorted(
            path for path in paths if path not in ("lock", "artifacts", "drafts", "scratch", "quarantine")
        )

    return list_them
