"""Per-sample clipping by book-keeping: one forward, one backward, no weight gradients.

Bu et al., "Differentially Private Optimization on Large Foundation Models at the Cost of SGD" (2023),
algorithm 1,
https://proceedings.mlr.press/v202/bu23a.html

    forward   each layer's input is kept
    backward  gradients of layers' outputs alone; as each arrives, the norms of that layer's per-sample
    gradients sum       one weighted product a layer, of what was kept

A parameter that takes part more than once (tied weights, a layer that is called twice) has its per-sample
gradients added up before their norm is taken.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge

from ..exceptions import ModelError
from .choice import Choice
from .layer import Kept, Layer, Rule, Way, add_weighted, in_float32_at_least
from .layers import find_layers

__all__ = ["BookKeeping"]


class BookKeeping:
    """Per-sample gradient norms of a module, and the weighted sum of its per-sample gradients.

    Args:
        module: an objective or a network; its trainable parameters must all belong to layers that see the
            samples along the first axis of their input.
        choice: which way to compute is taken for a layer.

    Raises:
        ModelError: a layer mixes samples, or hides what is needed.
    """

    def __init__(self, module: nn.Module, choice: Choice | None = None):
        self.choice = choice or Choice()
        self.layers: dict[nn.Module, tuple[Rule, tuple[Layer | None, ...]]] = find_layers(module)
        self.all = [layer for _, places in self.layers.values() for layer in places if layer is not None]
        self.parameters = list(dict.fromkeys(p for layer in self.all for p in layer.parameters.values()))
        owners = Counter(p for layer in self.all for p in layer.parameters.values())
        self._tied = {p for p, count in owners.items() if count > 1}
        self._row = {p: layer.index for layer in reversed(self.all) for p in layer.parameters.values()}
        self._book: _Book | None = None
        self._open = False
        self._hooks = [
            owner.register_forward_hook(self._after_forward)
            for owner, (rule, _) in self.layers.items()
            if rule.watch is None
        ]

    def squared_norms(self, loss: Callable[[], Tensor], rows: int) -> Tensor:
        """Run forward and backward.

        Args:
            loss: the sum (not the mean) of the rows' losses.
            rows: B, the number of rows.

        Returns:
            Squared norms of the gradients, `(layers, B)`, in float32 at least: summed over layers, those of
            whole rows.
        """
        self._book = book = _Book(self, rows)
        with self._watching():
            total = loss()
        # Taken out of the book: a book that holds graph nodes whose hooks hold the book is never freed.
        roots, book.roots = book.roots, []
        torch.autograd.grad(total, roots, allow_unused=True)
        book.close_tied()
        return book.squared

    def add_clipped_sum(self, coefficients: Tensor, sums: Mapping[nn.Parameter, Tensor]) -> None:
        """Add Σ_i c_i G_i to each parameter's tensor, of the batch that `squared_norms` saw last.

        Args:
            coefficients: `(layers, B)`, a row a layer.
            sums: what is added to, by parameter.
        """
        assert self._book is not None, "squared_norms comes first"
        book, self._book = self._book, None
        for layer, way, kept in book.kept:
            views = {name: sums[parameter] for name, parameter in layer.parameters.items()}
            way.clipped_sum(layer, kept, coefficients[layer.index], views)
        for parameter, gradients in book.shared.items():
            add_weighted({"": gradients}, coefficients[self._row[parameter]], {"": sums[parameter]})

    def close(self) -> None:
        """Leave the module as it was found."""
        for hook in self._hooks:
            hook.remove()

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Keep what layers see while a loss is computed."""
        with ExitStack() as watched:
            for owner, (rule, _) in self.layers.items():
                if rule.watch is not None:
                    watched.enter_context(rule.watch(owner, partial(self._tap, owner)))
            self._open = True
            try:
                yield
            finally:
                self._open = False

    def _after_forward(self, owner: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
        if self._open:
            rule, _ = self.layers[owner]
            root = not any(isinstance(part, Tensor) and part.requires_grad for part in args)
            self._tap(owner, 0, rule.keep(owner, args, output), output, root=root)

    def _tap(
        self,
        owner: nn.Module,
        place: int,
        kept: Kept,
        output: Tensor,
        *,
        batch_axis: int = 0,
        root: bool = False,
    ) -> None:
        """Note a layer's call, and ask for the gradient of its output."""
        rule, places = self.layers[owner]
        layer, book = places[place], self._book
        assert book is not None
        if root or output.is_leaf:
            book.roots.append(get_gradient_edge(output))
        if layer is None:
            return
        book.calls[layer] += 1
        output.register_hook(lambda grad: book.receive(layer, rule, kept, grad.movedim(batch_axis, 0)))


class _Book:
    """What is noted of one batch.

    Args:
        engine: whose layers are noted.
        rows: B.
    """

    def __init__(self, engine: BookKeeping, rows: int):
        self.engine, self.rows = engine, rows
        first = engine.parameters[0]
        precision = torch.promote_types(torch.float32, first.dtype)
        self.squared = torch.zeros(len(engine.all), rows, device=first.device, dtype=precision)
        self.roots: list[Any] = []
        self.calls: Counter[Layer] = Counter()
        self.kept: list[tuple[Layer, Way, Kept]] = []
        self.shared: dict[nn.Parameter, Tensor] = {}

    def receive(self, layer: Layer, rule: Rule, inputs: Kept, grad: Tensor) -> None:
        """Take the gradient of a layer's output, `(B, …)`."""
        if len(grad) != self.rows:
            raise ModelError(
                f"{layer.name}: the first axis of this layer's output is not the batch",
                got=f"{len(grad)} along the first axis, for a batch of {self.rows}",
                expected="one entry a sample, in order",
                mend="expand what all samples share (positions, a prompt) to the batch before the layer",
            )
        inputs, grad = in_float32_at_least(inputs), in_float32_at_least(grad)
        if self.calls[layer] > 1 or not self.engine._tied.isdisjoint(layer.parameters.values()):
            for name, gradients in rule.per_sample(layer, inputs, grad).items():
                parameter = layer.parameters[name]
                earlier = self.shared.get(parameter)
                self.shared[parameter] = gradients if earlier is None else earlier + gradients
            return
        way = self.engine.choice.of(layer, rule, inputs, grad)
        squared, kept = way.norms(layer, inputs, grad)
        self.squared[layer.index] += squared
        self.kept.append((layer, way, kept))

    def close_tied(self) -> None:
        """Add the norms of parameters that took part more than once, each in the row of its first layer."""
        for parameter, gradients in self.shared.items():
            squared = torch.linalg.vector_norm(gradients.flatten(1), dim=1).square_()
            self.squared[self.engine._row[parameter]] += squared
