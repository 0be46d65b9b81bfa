"""The report: findings joined into one report.json, and its renderings, pure functions of it."""

from .assemble import assemble, with_policy
from .consistency import Fault, differences, faults
from .html import render_html
from .identity import identity
from .markdown import render_markdown
from .notebook import ReportView
from .schema import SCHEMA_VERSION, schema
from .summary import SummaryRow, summary, summary_markdown

__all__ = [
    "SCHEMA_VERSION",
    "Fault",
    "ReportView",
    "SummaryRow",
    "assemble",
    "differences",
    "faults",
    "identity",
    "render_html",
    "render_markdown",
    "schema",
    "summary",
    "summary_markdown",
    "with_policy",
]
