from pathlib import PurePosixPath, PureWindowsPath

import pytest
from assay.platform.exceptions import SpecError, StoreError
from assay.platform.store import check_name, check_relative_path
from assay.platform.store.name import check_key
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("name", ["a", "adult-income", "v1.2_x", "9", "A" * 100])
def test_plain_names_pass(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../x",
        "..",
        ".",
        ".hidden",
        "-rf",
        "a/b",
        "a\\b",
        "a b",
        "é",
        "a\n",
        "a\x00",
        "A" * 101,
        "<b>",
        None,
        3,
    ],
)
def test_anything_else_is_refused_with_got_expected_and_mend(name):
    with pytest.raises(SpecError) as refused:
        check_name(name, "model name")
    assert refused.value.exit_code == 2
    assert str(refused.value).startswith("model name can't be used\n  got: ")
    assert "expected:" in str(refused.value)
    assert "mend:" in str(refused.value)


@given(st.text())
def test_a_name_that_passes_is_one_plain_part_of_a_path(name):
    try:
        check_name(name)
    except SpecError:
        return
    assert PurePosixPath("/root", name).parts == ("/", "root", name)
    assert PureWindowsPath("C:/root", name).parts == ("C:\\", "root", name)


@given(st.text(st.sampled_from("ab./\\:\x00\n"), max_size=12))
def test_a_relative_path_that_passes_stays_below_its_root_on_every_system(path):
    try:
        check_relative_path(path)
    except StoreError:
        return
    for joined in (PurePosixPath("/root", path), PureWindowsPath("C:/root", path)):
        assert joined.parts[1] == "root"
        assert len(joined.parts) > 2
        assert ".." not in joined.parts


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "a//b", "./a", "C:x", "a\\..\\b", "", "a/"]
)
def test_paths_that_lead_elsewhere_are_refused(path):
    with pytest.raises(StoreError):
        check_relative_path(path)


@pytest.mark.parametrize("key", ["", "a" * 63, "a" * 65, "G" * 64, "A" * 64, "../" + "a" * 61, None])
def test_only_a_hash_is_a_key(key):
    with pytest.raises(StoreError, match="not a cache key"):
        check_key(key)
