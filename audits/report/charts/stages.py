"""One bar for the whole run, cut into its stages."""

from collections.abc import Sequence

from markupsafe import Markup

__all__ = ["stage_bar"]

_LABELLED = 0.11  # of the width: below, a name would not fit; the table has it


def stage_bar(parts: Sequence[tuple[str, float]]) -> Markup:
    """Segments in the order of the stages, as wide as their share of the sum; three tints, white between.

    Args:
        parts: (name, amount), amounts at least 0.
    """
    whole = sum(amount for _, amount in parts)
    drawn, start = [], 0.0
    for index, (name, amount) in enumerate(part for part in parts if part[1] > 0):
        share = amount / whole
        rect = '<rect class="segment s{}" x="{:.2f}%" width="{:.2f}%" y="0" height="24"/>'
        drawn.append(Markup(rect).format(index % 3, 100 * start, 100 * share))
        if share >= _LABELLED:
            drawn.append(Markup('<text x="{:.2f}%" y="40">{}</text>').format(100 * start, name))
        start += share
    label = "Energy by stage; its numbers are in the table."
    head = '<svg class="stages" height="46" role="img" aria-label="{}">{}</svg>'
    return Markup(head).format(label, Markup("").join(drawn))
