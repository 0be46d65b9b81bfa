"""Assay: one spec in, one audited and versioned model report out.

import assay

result = assay.run("spec.yaml", home=".assay")
predictor = assay.load("adult-income@1")
assay.report("adult-income")          # shows itself in a notebook
assay.audit("model.onnx", spec="spec.yaml")
network = assay.build("resnet_small", inputs=assay.ImageInput(1, 8, 8), outputs=10)
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .flows.api import audit, load, report, run
    from .models.catalog import build
    from .models.inputs import ImageInput, TabularInput

__version__ = "0.4.0"

__all__ = ["ImageInput", "TabularInput", "__version__", "audit", "build", "load", "report", "run"]

#: Module of each public name: imported when it is first used, since most commands need one of them at most.
_PLACES = {
    "ImageInput": "models.inputs",
    "TabularInput": "models.inputs",
    "audit": "flows.api",
    "build": "models.catalog",
    "load": "flows.api",
    "report": "flows.api",
    "run": "flows.api",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'assay' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module

    return getattr(import_module(f".{_PLACES[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
