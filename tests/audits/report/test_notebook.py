"""A report in a notebook."""

import html
import re
from typing import Any

from assay.audits.report import ReportView, render_html


def test_the_frame_holds_the_whole_page_and_may_run_nothing(binary: dict[str, Any]):
    page = render_html(binary)
    shown = ReportView(page)._repr_html_()
    held = re.search(r'srcdoc="([^"]*)"', shown)
    assert held is not None
    assert html.unescape(held[1]) == page
    assert re.search(r"<iframe sandbox ", shown)
    assert "<" not in repr(ReportView(page))
