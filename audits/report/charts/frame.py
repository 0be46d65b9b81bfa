"""Axes, grid and labels around a drawing that has two of them."""

from dataclasses import dataclass

from markupsafe import Markup

from .scale import Scale

__all__ = ["Frame"]


@dataclass(frozen=True)
class Frame:
    """A plotting area inside a picture of `width` × `height` units, margins for labels left and below."""

    x: Scale
    y: Scale
    width: float
    height: float
    left: float = 40
    bottom: float = 34
    top: float = 8
    right: float = 10

    def px(self, value: float) -> float:
        """Horizontal place of a value."""
        return round(self.left + (self.width - self.left - self.right) * self.x.at(value) / 100, 1)

    def py(self, value: float) -> float:
        """Vertical place of a value; up is more."""
        return round(
            self.height - self.bottom - (self.height - self.top - self.bottom) * self.y.at(value) / 100, 1
        )

    def draw(self, parts: list[Markup], *, x_label: str, y_label: str, label: str) -> Markup:
        """The whole picture: grid and labels below `parts`.

        Args:
            parts: drawings in this frame's places.
            x_label: what runs to the right.
            y_label: what runs upwards, written over the axis.
            label: what a screen reader says.
        """
        floor = self.height - self.bottom
        grid = '<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        text = '<text x="{}" y="{}" text-anchor="{}">{}</text>'
        lines = [Markup(grid).format(self.px(t), self.px(t), self.top, floor) for t in self.x.ticks]
        lines += [
            Markup(grid).format(self.left, self.width - self.right, self.py(t), self.py(t))
            for t in self.y.ticks
        ]
        lines += [
            Markup(text).format(self.px(t), floor + 14, "middle", self.x.label(t)) for t in self.x.ticks
        ]
        lines += [
            Markup(text).format(self.left - 6, self.py(t) + 4, "end", self.y.label(t)) for t in self.y.ticks
        ]
        lines.append(Markup(text).format(self.width - self.right, self.height - 4, "end", x_label))
        lines.append(Markup(text).format(self.left, self.top - 7, "start", y_label))
        head = '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>'
        return Markup(head).format(
            self.width, self.height, label, Markup("").join(lines), Markup("").join(parts)
        )
