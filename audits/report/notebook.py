"""A report that shows itself in a notebook."""

from collections.abc import Mapping
from typing import Any

from markupsafe import escape

from .html import render_html
from .summary import summary

__all__ = ["ReportView"]


class ReportView:
    """Displays the whole page in a notebook, in a frame that runs no script; prints as its summary.

    Args:
        report: report.json.
        pictures: PNG bytes by relative path.
    """

    def __init__(self, report: Mapping[str, Any], pictures: Mapping[str, bytes] | None = None):
        self.report = report
        self.pictures = pictures or {}

    def _repr_html_(self) -> str:
        page = escape(render_html(self.report, self.pictures))
        return f'<iframe sandbox srcdoc="{page}" width="100%" height="720" style="border:0" title="Model report"></iframe>'

    def __repr__(self) -> str:
        lines = (
            f"{row.what}: {row.value} {row.interval} {row.verdict}".rstrip() for row in summary(self.report)
        )
        return "\n".join((str(self.report["model"]["name"]), *lines))
