"""Parameters that a module with layers inside holds itself: a bias a column, positions, a class token.

They are shared by all samples, so their gradient a sample is that of what they were broadcast to. While a
batch is watched the parameter is seen as a tensor that knows its uses: `x + p`, `x * p` and `p.expand(batch,
…)`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ...exceptions import ModelError
from ..layer import Kept, Layer, Tap

__all__ = ["per_sample", "places", "watch"]

_FREE = {"__get__", "size", "dim", "numel", "__len__"}


class _Watched(Tensor):
    """A parameter that tells of its uses."""

    tell: Tap
    place: int
    label: str

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.__name__
        with torch._C.DisableTorchFunctionSubclass():
            if name in _FREE:
                return func(*args, **kwargs)
            watched = next(part for part in args if isinstance(part, cls))
            plain = [part.as_subclass(Tensor) if isinstance(part, cls) else part for part in args]
            others = [part for part in args if isinstance(part, Tensor) and part is not watched]
            uses = {"add": others, "__radd__": others, "mul": others, "__rmul__": others, "expand": [None]}
            if len(uses.get(name, ())) != 1:
                raise ModelError(
                    f"{watched.label}: this use of a parameter has no rule for its per-sample gradient",
                    got=f"the operation {name}",
                    expected="x + parameter, x * parameter or parameter.expand(batch, …), with x a batch",
                    mend="move the parameter into a layer of its own",
                )
            output = func(*plain, **kwargs)
            if not output.requires_grad:
                output = output.requires_grad_()
            factor = others[0].detach() if "mul" in name else None
            watched.tell(watched.place, factor, output)
            return output


@contextmanager
def watch(module: nn.Module, tell: Tap) -> Iterator[None]:
    """Put watched tensors before the module's own parameters for a while."""
    names = [name for name, parameter in module.named_parameters(recurse=False)]
    for place, name in enumerate(names):
        parameter = getattr(module, name)
        if parameter.requires_grad:
            watched = parameter.detach().as_subclass(_Watched)
            watched.tell, watched.place, watched.label = tell, place, f"{type(module).__name__}.{name}"
            module.__dict__[name] = watched  # found before registered parameters are
    try:
        yield
    finally:
        for name in names:
            module.__dict__.pop(name, None)


def places(module: nn.Module) -> list[dict[str, str]]:
    """One place a parameter."""
    return [{"parameter": name} for name, _ in module.named_parameters(recurse=False)]


def per_sample(layer: Layer, factor: Kept, grad: Tensor) -> dict[str, Tensor]:
    """Gradient `(B, *shape)`: summed over the axes along which the parameter was repeated, save samples."""
    shape = layer.parameters["parameter"].shape
    if factor is not None:
        grad = grad * factor
    if len(shape) == grad.dim():  # a leading axis of 1, repeated over the batch
        shape = shape[1:]
    extra = tuple(range(1, grad.dim() - len(shape)))
    grad = grad.sum(extra) if extra else grad
    repeated = tuple(axis for axis, size in enumerate(shape, 1) if size == 1 and grad.shape[axis] != 1)
    grad = grad.sum(repeated, keepdim=True) if repeated else grad
    return {"parameter": grad.reshape(len(grad), *layer.parameters["parameter"].shape)}
