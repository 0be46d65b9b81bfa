"""Which rule belongs to which kind of layer, and which kinds can't be had."""

from functools import partial

from torch import nn

from ....models.numerical_embeddings import PerFeatureLinear
from ....models.perceptron import Bias
from ..layer import Rule, Way, instantiated
from ..products import has_onednn
from . import (
    conv,
    embedding,
    free_parameter,
    group_norm,
    layer_norm,
    linear,
    lstm,
    per_feature_linear,
    recurrent,
)

__all__ = ["FREE", "REFUSED", "RULES"]

_LINEAR = (
    Way(name="ghost", norms=linear.norms, clipped_sum=linear.clipped_sum, suits=linear.few_positions),
    instantiated(linear.per_sample, runs=linear.has_positions),
    Way(
        name="ghost by oneDNN",
        norms=linear.norms,
        clipped_sum=partial(linear.clipped_sum, onednn=True),
        runs=has_onednn,
    ),
)
_LSTM = (
    Way(name="ghost", norms=lstm.norms, clipped_sum=lstm.clipped_sum, suits=lstm.few_steps),
    instantiated(lstm.per_sample),
)
_CONV = Rule(
    per_sample=conv.per_sample_grouped,
    ways=(
        instantiated(conv.per_sample_grouped, name="grouped", suits=conv.large_maps),
        Way(
            name="windows",
            norms=conv.windows_norms,
            clipped_sum=conv.windows_clipped_sum,
            instantiates=True,
        ),
        Way(name="ghost", norms=conv.ghost_norms, clipped_sum=conv.ghost_clipped_sum),
    ),
)
_RECURRENT = Rule(
    per_sample=linear.per_sample,
    ways=_LINEAR,
    places=recurrent.places_of_projections,
    watch=recurrent.watch,
)

FREE = Rule(
    per_sample=free_parameter.per_sample,
    ways=(instantiated(free_parameter.per_sample),),
    places=free_parameter.places,
    watch=free_parameter.watch,
)
"""For parameters that are used beside layers: added, multiplied, expanded."""

RULES: dict[type[nn.Module], Rule] = {
    nn.Linear: Rule(per_sample=linear.per_sample, ways=_LINEAR),
    nn.Conv1d: _CONV,
    nn.Conv2d: _CONV,
    nn.Embedding: Rule(
        per_sample=embedding.per_sample,
        ways=(Way(name="ghost", norms=embedding.norms, clipped_sum=embedding.clipped_sum),),
        check=embedding.check,
    ),
    nn.LayerNorm: Rule(
        per_sample=layer_norm.per_sample,
        ways=(instantiated(layer_norm.per_sample),),
        keep=layer_norm.keep_layer_norm,
    ),
    nn.RMSNorm: Rule(
        per_sample=layer_norm.per_sample,
        ways=(instantiated(layer_norm.per_sample),),
        keep=layer_norm.keep_rms_norm,
    ),
    nn.GroupNorm: Rule(
        per_sample=group_norm.per_sample,
        ways=(instantiated(group_norm.per_sample),),
        keep=group_norm.keep,
    ),
    nn.LSTM: Rule(
        per_sample=lstm.per_sample,
        ways=_LSTM,
        places=recurrent.places,
        watch=partial(recurrent.watch, forward=lstm.forward),
        check=recurrent.check,
    ),
    nn.GRU: _RECURRENT,
    nn.RNN: _RECURRENT,
    Bias: FREE,
    PerFeatureLinear: Rule(
        per_sample=per_feature_linear.per_sample,
        ways=(
            Way(
                name="ghost",
                norms=per_feature_linear.norms,
                clipped_sum=per_feature_linear.clipped_sum,
            ),
        ),
    ),
}
"""Kind of layer to rule; subclasses with a forward of their own are another kind."""

REFUSED: dict[type[nn.Module], str] = {
    nn.BatchNorm1d: "nn.LayerNorm or nn.GroupNorm(groups, channels): in a spec, model.norm: layer",
    nn.BatchNorm2d: "nn.GroupNorm(groups, channels), e.g. 8 groups: in a spec, model.norm: group",
    nn.BatchNorm3d: "nn.GroupNorm(groups, channels), e.g. 8 groups",
    nn.SyncBatchNorm: "nn.GroupNorm(groups, channels), e.g. 8 groups",
    nn.MultiheadAttention: "assay.models.attention.SelfAttention, which is made of nn.Linear",
}
"""Kinds that are refused, and what does the same work: they mix samples, or hide their projections."""
