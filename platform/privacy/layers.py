"""Find the layers of a module, and refuse those whose samples can't be told apart."""

from torch import nn
from torch.nn.utils import parametrize

from ..exceptions import ModelError
from .layer import Layer, Rule
from .rules import FREE, REFUSED, RULES
from .rules.opacus_fallback import fallback

__all__ = ["find_layers"]


def find_layers(module: nn.Module) -> dict[nn.Module, tuple[Rule, tuple[Layer | None, ...]]]:
    """Rule and places of every submodule with trainable parameters of its own; None where a place is frozen.

    Raises:
        ModelError: a layer mixes samples, a parameter belongs to no layer, or nothing is trained.
    """
    found: dict[nn.Module, tuple[Rule, tuple[Layer | None, ...]]] = {}
    index = 0
    for name, owner in module.named_modules():
        refuse(name, owner)
        if not any(parameter.requires_grad for parameter in owner.parameters(recurse=False)):
            continue
        rule = rule_of(name, owner)
        if rule.check is not None:
            rule.check(owner, name)
        places: list[Layer | None] = []
        for names in rule.places(owner):
            trained = {
                ours: getattr(owner, theirs)
                for ours, theirs in names.items()
                if getattr(owner, theirs) is not None and getattr(owner, theirs).requires_grad
            }
            places.append(
                Layer(module=owner, name=name, parameters=trained, index=index) if trained else None
            )
            index += bool(trained)
        found[owner] = rule, tuple(places)
    if not found:
        raise ModelError(
            "no parameter is trained",
            got=f"{type(module).__name__} with every parameter frozen",
            expected="at least one that requires a gradient",
            mend="leave the head trainable",
        )
    return found


def rule_of(name: str, owner: nn.Module) -> Rule:
    """The rule of a layer's kind, else Opacus's; a subclass keeps the rule while it keeps the forward."""
    kind = type(owner)
    for base in kind.__mro__:
        if base in RULES and kind.forward is base.forward:
            return RULES[base]
    inner = (parameter for child in owner.children() for parameter in child.parameters())
    return FREE if next(inner, None) is not None else fallback(owner, name)


def refuse(name: str, owner: nn.Module) -> None:
    """Raise for a kind of module that has no gradient a sample, or hides it."""
    for kind, instead in REFUSED.items():
        if isinstance(owner, kind):
            raise ModelError(
                f"{name}: {type(owner).__name__} can't be trained with differential privacy",
                got=f"{type(owner).__name__}",
                expected="layers in which a sample's output depends on that sample alone",
                mend=f"put {instead} in its place",
            )
    if parametrize.is_parametrized(owner):
        raise ModelError(
            f"{name}: a parametrized weight has no rule for its per-sample gradient",
            got=f"{type(owner).__name__} with a parametrization",
            expected="plain parameters",
            mend="take the parametrization away with torch.nn.utils.parametrize.remove_parametrizations",
        )
