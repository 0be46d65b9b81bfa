"""Reviews of women's clothing: does the writer recommend what she bought?

Brooks, "Women's E-Commerce Clothing Reviews" (2018), CC0 1.0; see `reviews/ATTRIBUTION.md`.
"""

from pathlib import Path

from ..reading import Reading
from ..tables import read_parquet

_FILE = Path(__file__).parent / "reviews" / "reviews.parquet"

TEXTS = ("Title", "Review Text")

ROLES = {
    "Rating": (
        "ignored",
        "the stars were given together with the recommendation, and all but tell it: 4 and 5 stars recommend",
    ),
}

HARMS = (
    "Whether a thing is recommended is what its buyer thought on that day: neither quality nor fit.",
    "Ages were stated by the writers; those below 18 and most above 80 are not in it.",
    "The writers are customers of one shop who chose to review: nothing is said of those who didn't.",
)


def read(scratch: Path) -> Reading:
    """All rows; 845 have no text, and 3,810 no title."""
    return Reading(
        table=read_parquet(str(_FILE), scratch).table.drop_columns(["__index_level_0__"]),
        texts=TEXTS,
        target="Recommended IND",
        positive="1",
        roles=ROLES,
        harms=HARMS,
    )
