"""A report that shows itself in a notebook."""

from markupsafe import escape

__all__ = ["ReportView"]


class ReportView:
    """Displays a report's page in a notebook, in a frame that runs no script.

    Args:
        page: the HTML that `render_html` made.
    """

    def __init__(self, page: str):
        self.page = page

    def _repr_html_(self) -> str:
        frame = (
            '<iframe sandbox srcdoc="{}" width="100%" height="720" style="border:0" title="Model report">'
            "</iframe>"
        )
        return frame.format(escape(self.page))

    def __repr__(self) -> str:
        return f"ReportView({len(self.page):,} letters of HTML; shown in a notebook)"
