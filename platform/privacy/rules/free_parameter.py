"""Parameters beside layers, which a module holds itself: a bias, positions, a class token.

They are shared by all samples, so their gradient a sample is that of what they were broadcast to. While a
batch is watched the parameter is seen as a tensor that knows its uses: `x + p`, `x * p`,
`p.expand(batch, …)`. What is made of it before (a part, a padded or reshaped form, its exponential) is
remembered as a function of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ...exceptions import ModelError
from ..layer import Kept, Layer, Tap

__all__ = ["per_sample", "places", "watch"]

_FACTS = {"__get__", "size", "dim", "numel", "__len__"}
_HERE = object()
_USES = {"add", "__radd__", "mul", "__rmul__"}


class _Watched(Tensor):
    """A parameter, or something made of it alone, that tells of its uses."""

    tell: Tap
    place: int
    label: str
    made: Callable[[Tensor], Tensor] | None

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        with torch._C.DisableTorchFunctionSubclass():
            if func.__name__ in _FACTS:
                return func(*args, **kwargs)
            watched = next((part for part in args if isinstance(part, cls)), None)
            others = [
                part for part in (*args, *kwargs.values()) if isinstance(part, Tensor) and part is not watched
            ]
            plain = [part.as_subclass(Tensor) if isinstance(part, cls) else part for part in args]
            if watched is None or any(isinstance(part, cls) for part in others):
                raise _without_rule(func.__name__, watched)
            if func.__name__ == "expand" or (func.__name__ in _USES and len(others) == 1):
                factor = others[0].detach() if "mul" in func.__name__ else None
                return watched._used(func(*plain, **kwargs), factor)
            if others:
                raise _without_rule(func.__name__, watched)
            output = func(*plain, **kwargs)
            if not isinstance(output, Tensor):
                raise _without_rule(func.__name__, watched)
            step = partial(_again, func, [_HERE if part is watched else part for part in args], kwargs)
            return _watched(output, watched, partial(_both, watched.made, step) if watched.made else step)

    def _used(self, output: Tensor, factor: Tensor | None) -> Tensor:
        """Tell of an output that samples have a part in."""
        output = output if output.requires_grad else output.requires_grad_()
        self.tell(self.place, (factor, tuple(self.shape), self.made), output)
        return output


@contextmanager
def watch(module: nn.Module, tell: Tap) -> Iterator[None]:
    """Put watched tensors before the module's own parameters for a while."""
    names = [name for name, parameter in module.named_parameters(recurse=False)]
    for place, name in enumerate(names):
        parameter = getattr(module, name)
        if parameter.requires_grad:
            watched = parameter.detach().as_subclass(_Watched)
            watched.tell, watched.place, watched.made = tell, place, None
            watched.label = f"{type(module).__name__}.{name}"
            module.__dict__[name] = watched  # found before registered parameters are
    try:
        yield
    finally:
        for name in names:
            module.__dict__.pop(name, None)


def places(module: nn.Module) -> list[dict[str, str]]:
    """One place a parameter."""
    return [{"parameter": name} for name, _ in module.named_parameters(recurse=False)]


def per_sample(layer: Layer, kept: Kept, grad: Tensor) -> dict[str, Tensor]:
    """Gradient `(B, *shape)`: summed over the axes along which the parameter was repeated, save samples."""
    factor, form, made = kept
    if factor is not None:
        grad = grad * factor
    shape = form[1:] if len(form) == grad.dim() else form  # a leading axis of 1 is repeated over the batch
    extra = tuple(range(1, grad.dim() - len(shape)))
    grad = grad.sum(extra) if extra else grad
    repeated = tuple(axis for axis, size in enumerate(shape, 1) if size == 1 and grad.shape[axis] != 1)
    grad = grad.sum(repeated, keepdim=True) if repeated else grad
    grad = grad.reshape(len(grad), *form)
    if made is not None:
        pull = torch.func.vjp(made, layer.parameters["parameter"].detach())[1]
        grad = torch.func.vmap(lambda one: pull(one)[0])(grad)
    return {"parameter": grad}


def _watched(output: Tensor, source: _Watched, made: Callable[[Tensor], Tensor]) -> _Watched:
    output = output.as_subclass(_Watched)
    output.tell, output.place, output.label, output.made = source.tell, source.place, source.label, made
    return output


def _again(func: Callable[..., Tensor], args: list[Any], kwargs: dict[str, Any], value: Tensor) -> Tensor:
    """The same operation on another value."""
    return func(*(value if part is _HERE else part for part in args), **kwargs)


def _both(first: Callable[[Tensor], Tensor], second: Callable[[Tensor], Tensor], value: Tensor) -> Tensor:
    return second(first(value))


def _without_rule(operation: str, watched: _Watched | None) -> ModelError:
    name = "a list of parameters" if watched is None else watched.label
    return ModelError(
        f"{name}: this use of a parameter has no rule for its per-sample gradient",
        got=f"the operation {operation}",
        expected="x + parameter, x * parameter or parameter.expand(batch, …), with x a batch",
        mend="move the parameter into a layer of its own",
    )
