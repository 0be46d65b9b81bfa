"""The table of explanation methods that a spec can name."""

from collections.abc import Collection
from dataclasses import dataclass

from ...platform.exceptions import SpecError, nearest


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to explain, and what it leaves open."""

    modalities: tuple[str, ...]
    """tabular, image, text."""
    default: tuple[str, ...]
    """What a subject must have one of for the method to be taken unasked: tabular, image, text, attention."""
    summary: str
    paper: str
    cannot_say: str
    """What a reader might take from it that isn't in it."""


METHODS: dict[str, Method] = {
    "integrated_gradients": Method(
        modalities=("tabular",),
        default=("tabular",),
        summary="Shares of one prediction by column, gathered along the straight path from an average row.",
        paper="Sundararajan et al., 2017, https://arxiv.org/abs/1703.01365",
        cannot_say="What would happen if the column were changed in the world; where columns are correlated, "
        "the shares between them depend on the baseline and on how the model happened to divide the work.",
    ),
    "kernel_shap": Method(
        modalities=("tabular", "text"),
        default=("tabular",),
        summary="Shapley values of one prediction by column, from sampled coalitions; for any model.",
        paper="Lundberg & Lee, 2017, https://arxiv.org/abs/1705.07874; Covert & Lee, 2021, "
        "https://arxiv.org/abs/2012.01536",
        cannot_say="What would happen if the column were changed in the world. Columns are taken from other "
        "rows one by one, which makes rows that cannot exist, and the model is asked about them; between "
        "columns that say the same, the shares follow what the model happens to read.",
    ),
    "permutation_importance": Method(
        modalities=("tabular", "text"),
        default=("tabular", "text"),
        summary="How much worse the model gets when one column is shuffled.",
        paper="Breiman, 2001, section 10, https://doi.org/10.1023/A:1010933404324",
        cannot_say="Whether a column matters to one person; a column whose content others repeat looks "
        "unimportant, and shuffling makes rows that cannot exist (Hooker et al., 2021, "
        "https://arxiv.org/abs/1905.03151).",
    ),
    "counterfactuals": Method(
        modalities=("tabular",),
        default=("tabular",),
        summary="The least that would have had to differ for the model to decide otherwise.",
        paper="Wachter et al., 2017, https://arxiv.org/abs/1711.00399; Mothilal et al., 2020, "
        "https://arxiv.org/abs/1905.07697",
        cannot_say="What a person should do: it is no advice, no promise, and nothing causal. Changing one "
        "thing in the world changes others, the model may be replaced, and whether a change is possible or "
        "fair to ask for was not looked at. Others, as small, may exist.",
    ),
    "exact_shapley": Method(
        modalities=("tabular", "text"),
        default=(),
        summary="Shapley values of one prediction without sampling error, up to 12 columns; for any model.",
        paper="Shapley, 1953; Lundberg & Lee, 2017, https://arxiv.org/abs/1705.07874",
        cannot_say="More than kernel_shap can: the sampling error is gone, not the error of a background "
        "of 100 rows, nor the rows that cannot exist.",
    ),
    "gradient_shap": Method(
        modalities=("tabular",),
        default=(),
        summary="Shares of one prediction by column, gathered along straight paths from many rows.",
        paper="Erion et al., 2021, https://arxiv.org/abs/1906.10670",
        cannot_say="What would happen if the column were changed in the world. Where columns interact the "
        "shares are not Shapley values of the game of replaced columns: compare kernel_shap.",
    ),
    "grad_cam": Method(
        modalities=("image",),
        default=("image",),
        summary="Where in the image the last maps speak for the class.",
        paper="Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391",
        cannot_say="What the network sees there, or anything finer than a cell of the map. Where cells see "
        "the whole image (attention, normalization over the image) a cell may light up for what lies "
        "elsewhere: read the deletion check beside it. Evidence against the class is not drawn.",
    ),
    "occlusion": Method(
        modalities=("tabular", "image", "text"),
        default=("image", "text"),
        summary="How far the score falls when one patch, word or column is hidden; for any model.",
        paper="Zeiler & Fergus, 2014, https://arxiv.org/abs/1311.2901; Li et al., 2016, "
        "https://arxiv.org/abs/1612.08220",
        cannot_say="What matters only together: of two parts that say the same, hiding one changes nothing. "
        "A hidden part makes an input that no training row looked like, and the fall may be surprise.",
    ),
    "attention_rollout": Method(
        modalities=("tabular", "image"),
        default=("attention",),
        summary="How much of each token reaches the output through the layers of attention.",
        paper="Abnar & Zuidema, 2020, https://arxiv.org/abs/2005.00928",
        cannot_say="For or against which class: it is the same for all. Attention says what is mixed, not "
        "what is made of it (Jain & Wallace, 2019, https://arxiv.org/abs/1902.10186); feed-forward layers "
        "are left out.",
    ),
}


def chosen(names: tuple[str, ...] | None, modality: str, traits: Collection[str] = ()) -> tuple[str, ...]:
    """The methods to run: those asked for, else those that suit the data without being asked for.

    Args:
        names: from the spec.
        modality: tabular, image or text.
        traits: what the subject has besides: text, attention.

    Raises:
        SpecError: a name is unknown, or the method doesn't suit the data.
    """
    suitable = tuple(name for name, method in METHODS.items() if modality in method.modalities)
    for name in names or ():
        if name not in METHODS:
            raise SpecError(
                "audit.explain.methods names an unknown method", got=repr(name), mend=nearest(name, METHODS)
            )
        if name not in suitable:
            raise SpecError(
                f"audit.explain.methods: {name} is for {' and '.join(METHODS[name].modalities)} data",
                got=f"{modality} data",
                expected=", ".join(suitable),
                mend="take one of these, or leave the key out",
            )
    if names is not None:
        return names
    return tuple(name for name in suitable if {modality, *traits} & {*METHODS[name].default})
