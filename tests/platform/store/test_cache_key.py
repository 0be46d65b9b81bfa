import subprocess
import sys
from importlib.metadata import version

import pytest
from assay.platform.store import cache_key, code_version, library_versions
from hypothesis import given
from hypothesis import strategies as st

PARTS = {
    "kind": "model",
    "inputs": {"dataset": "d" * 64},
    "section": {"epochs": 3, "rate": 0.001},
    "code": "c" * 64,
    "libraries": {"torch": "2.13.0"},
}


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("kind", "dataset"),
        ("inputs", {"dataset": "e" * 64}),
        ("inputs", {"data": "d" * 64}),
        ("inputs", {}),
        ("section", {"epochs": 4, "rate": 0.001}),
        ("section", {"epochs": 3}),
        ("section", None),
        ("code", "b" * 64),
        ("libraries", {"torch": "2.13.1"}),
        ("libraries", {"torch": "2.13.0", "numpy": "2.4"}),
    ],
)
def test_a_key_changes_with_each_of_its_parts(part, other):
    assert cache_key(**{**PARTS, part: other}) != cache_key(**PARTS)


@given(st.text(), st.text())
def test_what_moves_from_one_part_to_another_changes_the_key(a, b):
    assert cache_key(**{**PARTS, "kind": a, "code": b + "x"}) != cache_key(
        **{**PARTS, "kind": a + "x", "code": b}
    )


def test_a_key_is_64_hexadecimal_digits_and_does_not_depend_on_order():
    key = cache_key(**PARTS)
    assert len(key) == 64
    assert int(key, 16)
    assert key == cache_key(**{**PARTS, "section": dict(reversed(PARTS["section"].items()))})


@pytest.fixture
def package(tmp_path):
    room = tmp_path / "platform" / "room"
    (room / "deeper").mkdir(parents=True)
    (room / "__init__.py").write_text("a = 1\n")
    (room / "deeper" / "page.html").write_text("<p>")
    (room / "data.parquet").write_bytes(b"PAR1")
    (tmp_path / "platform" / "single.py").write_text("b = 1\n")
    return tmp_path


def test_changed_code_and_changed_templates_change_the_version(package):
    room = package / "platform" / "room"
    versions = {code_version(["platform.room"], root=package)}
    (room / "__init__.py").write_text("a = 2\n")
    versions.add(code_version(["platform.room"], root=package))
    (room / "deeper" / "page.html").write_text("<b>")
    versions.add(code_version(["platform.room"], root=package))
    (room / "added.py").write_text("")
    versions.add(code_version(["platform.room"], root=package))
    (room / "added.py").rename(room / "moved.py")
    versions.add(code_version(["platform.room"], root=package))
    assert len(versions) == 5


def test_compiled_code_data_and_other_rooms_do_not_change_the_version(package):
    before = code_version(["platform.room"], root=package)
    (package / "platform" / "room" / "__pycache__").mkdir()
    (package / "platform" / "room" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
    (package / "platform" / "room" / "data.parquet").write_bytes(b"PAR2")
    (package / "platform" / "single.py").write_text("b = 2\n")
    assert code_version(["platform.room"], root=package) == before
    assert code_version(["platform.room", "platform.single"], root=package) != before


def test_rooms_that_overlap_count_once_in_any_order(package):
    one = code_version(["platform", "platform.single"], root=package)
    assert (
        one
        == code_version(["platform.single", "platform"], root=package)
        == code_version(["platform"], root=package)
    )


def test_a_room_without_source_is_an_error_and_not_an_empty_hash(package):
    with pytest.raises(ValueError, match=r"platform\.rooom"):
        code_version(["platform.rooom"], root=package)


def test_the_rooms_of_the_installed_package_are_found():
    assert code_version(["platform.store"]) != code_version(["platform.registry"])


def test_versions_are_read_without_importing_the_library():
    code = (
        "import sys\nfrom assay.platform.store import library_versions\n"
        "print(library_versions(['torch'])['torch'], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [version("torch"), "False"]


def test_a_library_that_is_not_installed_is_absent():
    assert library_versions(["no-such-library-at-all"]) == {"no-such-library-at-all": "absent"}


def test_the_store_imports_no_heavy_library():
    code = "import sys, assay.platform.store; print(sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "numpy", "pandas", "pyarrow", "pydantic", "sqlalchemy", "prefect"} & set(
        eval(loaded)
    )
