"""`assay doctor`: what this machine has, and what is missing for which feature."""

import typer

from .options import HomeOption, JsonOption, print_json

#: Distribution, and what it is needed for.
_PARTS = {
    "torch": "training",
    "datasets": "reading data",
    "prefect": "the flow",
    "captum": "explanations",
    "scikit-learn": "baselines",
    "codecarbon": "energy",
    "sqlalchemy": "the registry",
    "ray": "--workers and --ray (extra: ray)",
    "psycopg": "a PostgreSQL registry (extra: postgresql)",
    "onnxruntime": "audit --model FILE.onnx (extra: external)",
    "skops": "audit --model FILE.skops (extra: external)",
    "transformers": "audit --model FOLDER (extra: external)",
}


def doctor(home: HomeOption = None, json: JsonOption = False) -> None:
    """Check Python, libraries, devices, and that the home can be written."""
    found = {"libraries": _libraries(), "machine": _machine(), "home": _home(home)}
    found["ok"] = not found["home"]["problem"] and all(
        version != "absent" for name, version in found["libraries"].items() if "extra:" not in _PARTS[name]
    )
    if json:
        print_json(found)
    else:
        for name, version in found["libraries"].items():
            typer.echo(f"{name:<14} {version:<10} {_PARTS[name]}")
        for fact, value in (found["machine"] | found["home"]).items():
            typer.echo(f"{fact:<14} {value}")
    if not found["ok"]:
        raise typer.Exit(1)


def _libraries() -> dict[str, str]:
    from ...platform.store import library_versions

    return library_versions(_PARTS)


def _machine() -> dict[str, object]:
    import os
    import platform

    import torch

    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "cuda": torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
        "threads": torch.get_num_threads(),
    }


def _home(home: object) -> dict[str, object]:
    import os
    import shutil

    from ..home import Home

    root = Home.find(home).root  # pyright: ignore[reportArgumentType]
    place = next(folder for folder in (root, *root.parents) if folder.exists())
    problem = None if os.access(place, os.W_OK) else f"{place} can't be written: choose another --home"
    return {"home": str(root), "free GB": round(shutil.disk_usage(place).free / 1e9, 1), "problem": problem}
