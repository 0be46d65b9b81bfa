"""The table of explanation methods that a spec can name."""

from dataclasses import dataclass

from ...platform.exceptions import SpecError, nearest


@dataclass(frozen=True, kw_only=True)
class Method:
    """One way to explain, and what it leaves open."""

    modality: str
    """tabular or image."""
    summary: str
    paper: str
    cannot_say: str
    """What a reader might take from it that isn't in it."""


METHODS: dict[str, Method] = {
    "integrated_gradients": Method(
        modality="tabular",
        summary="Shares of one prediction by column, gathered along the straight path from an average row.",
        paper="Sundararajan et al., 2017, https://arxiv.org/abs/1703.01365",
        cannot_say="What would happen if the column were changed in the world; where columns are correlated, "
        "the shares between them depend on the baseline and on how the model happened to divide the work.",
    ),
    "permutation_importance": Method(
        modality="tabular",
        summary="How much worse the model gets when one column is shuffled.",
        paper="Breiman, 2001, section 10, https://doi.org/10.1023/A:1010933404324",
        cannot_say="Whether a column matters to one person; a column whose content others repeat looks "
        "unimportant, and shuffling makes rows that cannot exist (Hooker et al., 2021, "
        "https://arxiv.org/abs/1905.03151).",
    ),
    "grad_cam": Method(
        modality="image",
        summary="Where in the image the last maps speak for the class.",
        paper="Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391",
        cannot_say="What the network sees there, or anything finer than a cell of the map. Where cells see "
        "the whole image (attention, normalization over the image) a cell may light up for what lies "
        "elsewhere: read the deletion check beside it. Evidence against the class is not drawn.",
    ),
}


def chosen(names: tuple[str, ...] | None, modality: str) -> tuple[str, ...]:
    """The methods to run: those asked for, else all that suit the data.

    Raises:
        SpecError: a name is unknown, or the method doesn't suit the data.
    """
    suitable = tuple(name for name, method in METHODS.items() if method.modality == modality)
    for name in names or ():
        if name not in METHODS:
            raise SpecError(
                "audit.explain.methods names an unknown method", got=repr(name), mend=nearest(name, METHODS)
            )
        if name not in suitable:
            raise SpecError(
                f"audit.explain.methods: {name} is for {METHODS[name].modality} data",
                got=f"{modality} data",
                expected=", ".join(suitable),
                mend="take one of these, or leave the key out",
            )
    return suitable if names is None else names
