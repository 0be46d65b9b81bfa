"""The rules of the house: which floor imports which, what ships, what nothing may be called."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import assay
import pytest
from assay.platform import exceptions

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {"models": 1, "platform": 2, "audits": 3, "flows": 4}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

#: Seconds to import each: never while a spec is read, help is shown or the registry listed.
HEAVY = {
    "captum",
    "codecarbon",
    "datasets",
    "kornia",
    "pandas",
    "prefect",
    "pyarrow",
    "ray",
    "sklearn",
    "torch",
}
LIGHT = [
    "*/config.py",
    "*/*/config.py",
    "audits/policy.py",
    "audits/findings.py",
    "models/catalog.py",
    "platform/exceptions.py",
    "platform/store/*.py",
    "platform/registry/*.py",
]
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    """Import name of a file or folder below the root."""
    return ".".join(["assay", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> list[str]:
    """Absolute names of what a file imports anywhere in it; a relative import as `assay.…`."""
    folder = ["assay", *path.relative_to(ROOT).parent.parts]
    names: list[str] = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            module = [*base, *([node.module] if node.module else [])]
            names += [".".join([*module, alias.name]) for alias in node.names]
    return names


def run_python(code: str) -> str:
    """Output of code that runs in a fresh Python, started from the root as a person would."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_imports_run_downwards():
    wrong = [
        f"{relative(path)} imports {name}"
        for floor, height in FLOORS.items()
        for path in python_files(floor)
        for name in imported(path)
        if name.startswith("assay.") and FLOORS.get(name.split(".")[1], 0) > height
    ]
    assert wrong == []


def test_rooms_import_each_other_by_relative_names():
    """`import models` would load a second copy; `import assay.models` hides the floor from a reader."""
    wrong = []
    for path in python_files(*FLOORS):
        for node in ast.walk(parse(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            ours = {"assay", "models", "audits", "flows"}
            wrong += [f"{relative(path)} imports {name}" for name in names if name.split(".")[0] in ours]
    assert wrong == []


def test_models_import_only_torch_and_the_standard_library():
    wrong = [
        f"{relative(path)} imports {name}"
        for path in python_files("models")
        for name in imported(path)
        if name.split(".")[0] not in {"assay", "torch", *sys.stdlib_module_names}
    ]
    assert wrong == []


def test_what_is_read_before_the_work_begins_imports_nothing_heavy():
    modules = sorted(
        {dotted(path) for pattern in LIGHT for path in ROOT.glob(pattern) if path.parts[-2] != "tests"}
    )
    code = f"""
import importlib, json, sys
heavy, culprits = set({sorted(HEAVY)!r}), []
for module in {modules!r}:
    importlib.import_module(module)
    if found := heavy & set(sys.modules):
        culprits.append(f"{{module}} imports {{sorted(found)}}")
        heavy -= found
print(json.dumps(culprits))
"""
    assert json.loads(run_python(code)) == []


def test_every_folder_of_code_is_packaged():
    folders = {dotted(path.parent) for path in python_files(*FLOORS)}
    assert sorted(PYPROJECT["tool"]["setuptools"]["packages"]) == sorted({"assay"} | folders)


def test_every_other_file_in_a_room_is_packaged():
    packaged = {
        path
        for package, patterns in PYPROJECT["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in ROOT.joinpath(*package.split(".")[1:]).glob(pattern)
    }
    files = {path for floor in FLOORS for path in (ROOT / floor).rglob("*") if path.is_file()}
    missing = {path for path in files - packaged if path.suffix != ".py" and "__pycache__" not in path.parts}
    assert sorted(map(relative, missing)) == []


def test_platform_has_no_init_so_that_the_standard_library_keeps_its_own():
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert all(
        (path.parent / "__init__.py").exists()
        for path in python_files("platform")
        if path.parts[-2] != "platform"
    )
    assert run_python("import platform; print(platform.system())").strip()


def test_no_room_is_loaded_a_second_time_under_a_bare_name():
    packages = [name for name in PYPROJECT["tool"]["setuptools"]["packages"] if name != "assay.platform"]
    code = f"""
import importlib, sys
for package in {packages!r}:
    importlib.import_module(package)
print(*sorted({{"flows", "models", "audits"}} & set(sys.modules)))
"""
    assert run_python(code).split() == []


def test_no_file_is_called_by_what_it_is_not():
    vague = re.compile(r"(test_)?(utils?|helpers?|common|misc)")
    files = python_files(*FLOORS, "tests", "benchmarks")
    assert [
        relative(path) for path in files if any(vague.fullmatch(part) for part in path.with_suffix("").parts)
    ] == []


def test_no_file_is_long():
    lengths = {
        relative(path): len(path.read_text().splitlines())
        for path in python_files(*FLOORS, "tests", "benchmarks")
    }
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_long():
    long = {}
    for path in python_files(*FLOORS):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.end_lineno - body[0].lineno + 1 if body else 0
                if lines > MOST_LINES_OF_A_FUNCTION:
                    long[f"{relative(path)}:{node.name}"] = lines
    assert long == {}


def test_every_file_says_what_it_is():
    assert [relative(path) for path in python_files(*FLOORS) if not ast.get_docstring(parse(path))] == []


def test_nothing_is_left_for_later():
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [relative(path) for path in python_files(*FLOORS) if unfinished.search(path.read_text())] == []


def test_the_tree_of_errors_is_sorted_complete_and_drawn():
    assert exceptions.__all__ == sorted(exceptions.__all__)
    classes = {
        name: value
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, exceptions.AssayError)
    }
    assert set(classes) == set(exceptions.__all__) - {"nearest"}
    for name, value in classes.items():
        drawn = re.search(rf"\b{name} +(\d)?", exceptions.__doc__ or "")
        assert drawn, f"{name} is missing from the tree that opens the file"
        assert drawn[1] in (None, str(value.exit_code))


def test_the_changelog_begins_with_this_version():
    headings = re.findall(
        r"^## \[?([0-9][^\s\]]*)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert headings[0] == assay.__version__


@pytest.mark.parametrize(
    "file", ["LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "py.typed"]
)
def test_what_a_repository_needs_is_there(file):
    assert (ROOT / file).is_file()


def test_the_constraints_pin_what_is_declared():
    lines = (ROOT / "infra" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", pin) for pin in pins)
    project = PYPROJECT["project"]
    declared = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    names = {_normal(re.match(r"[A-Za-z0-9._-]+", requirement)[0]) for requirement in declared} - {"assay"}
    assert sorted(names - {_normal(pin.split("==")[0]) for pin in pins}) == []


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
