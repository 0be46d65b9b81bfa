"""report.json as one HTML page that needs nothing else: no script, no font, no file, no network."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .charts.bar import bar
from .charts.reach import reach
from .charts.strip import axis, strip
from .compose import compose
from .document import Shade, Table
from .figures import count, figure, interval, plain
from .pictures import embedder
from .taming import spoken, tame
from .thrift import ROWS, lighten

__all__ = ["LARGEST", "render_html"]

_TEMPLATES = Path(__file__).with_name("templates")
LARGEST = 1_000_000
"""Bytes of a page: small enough for a mail or a pull request."""

_SHADES = 5


def render_html(report: Mapping[str, Any], pictures: Mapping[str, bytes] | None = None) -> str:
    """The page; the same report and pictures give the same bytes.

    Args:
        report: report.json, with or without a verdict.
        pictures: PNG bytes by the relative path that the report names them by.
    """
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    document = compose(report)
    page = ""
    for rows in ROWS:
        environment = _environment(pictures or {})
        template = environment.get_template("report.html.j2")
        # Markup: our own style sheet, byte for byte, as its hash in the page's security policy wants it.
        page = template.render(document=lighten(document, rows), style=Markup(style), style_hash=digest)
        if len(page.encode("utf-8", "replace")) < LARGEST:
            break
    return page.encode("utf-8", "replace").decode("utf-8")


def _environment(pictures: Mapping[str, bytes]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "look": _look,
        "picture": embedder(pictures),
        "count": count,
        "figure": figure,
        "interval": interval,
        "kind": lambda value: type(value).__name__,
        "plain": plain,
        "shading": _shading,
        "spoken": spoken,
        "tame": tame,
    }
    environment.globals |= {"axis": axis, "bar": bar, "reach": reach, "strip": strip}
    return environment


def _look(table: Table) -> str:
    """Style class of a table by what is in it."""
    if any(column.kind == "chart" for column in table.columns):
        return "charted"
    return "matrix" if table.rows and isinstance(table.rows[0].cells[-1], Shade) else "listed"


def _shading(cell: object) -> str:
    """Style classes of a cell of the confusion matrix."""
    if not isinstance(cell, Shade):
        return ""
    step = min(_SHADES - 1, int(cell.share * _SHADES))
    return f" s{step}" + (" right" if cell.right else "")
