"""What a spec may say about the audits. Standard library only: reading a spec imports nothing heavy."""

from dataclasses import dataclass, field
from math import inf
from typing import ClassVar

from ..platform.exceptions import SpecError
from .privacy.config import PrivacyAuditConfig

__all__ = [
    "AuditConfig",
    "CarbonConfig",
    "ExplainConfig",
    "FairnessConfig",
    "PrivacyAuditConfig",
    "RobustnessConfig",
    "SlicesConfig",
]

_CLOSED = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True)
class FairnessConfig:
    """How groups are compared."""

    __pydantic_config__: ClassVar = _CLOSED

    minimum_group_size: int = 20
    """Groups with fewer rows are shown, marked small and left out of gaps; no gate passes over them."""

    intersections: int = 2
    """Depth of intersections: 1 is each sensitive column alone, 2 adds every pair of columns, and so on."""

    confidence: float = 0.95
    """Confidence of two-sided intervals."""

    replicates: int = 1000
    """Bootstrap replicates, for the metrics that have no closed interval."""

    seed: int = 0
    """Seed of the bootstrap."""


@dataclass(frozen=True, kw_only=True)
class ExplainConfig:
    """What is explained, by which methods."""

    __pydantic_config__: ClassVar = _CLOSED

    methods: tuple[str, ...] | None = None
    """Names of methods; null takes those that suit the data and are cheap."""

    rows: int = 512
    """Test rows from which global attributions are averaged."""

    examples: int = 6
    """Single predictions that are explained one by one."""

    immutable: tuple[str, ...] = ()
    """Columns that counterfactuals leave as they are, besides the sensitive ones."""

    seed: int = 0
    """Seed for the choice of rows and for permutations."""


@dataclass(frozen=True, kw_only=True)
class RobustnessConfig:
    """What is done to the test rows, and how much of it."""

    __pydantic_config__: ClassVar = _CLOSED

    tests: tuple[str, ...] | None = None
    """Names of tests (docs/audits/robustness.md); null takes those that suit the data, [] none."""

    rows: int = 1000
    """Test rows that are changed, drawn by the seed."""

    attack_rows: int = 256
    """Test rows that are attacked."""

    epsilons: tuple[float, ...] = (0.01, 0.03, 0.1)
    """Sizes of attacks: of the range from black to white, or of a number's standard deviation in train."""

    steps: int = 10
    """Steps of the iterated attack."""

    alpha: float = 0.1
    """Share of rows whose conformal set may miss the truth."""

    abstain: float = 0.1
    """Share of the validation rows, the least confident, that the model would leave undecided."""

    seed: int = 0
    """Seed of every choice of rows and of every change."""


@dataclass(frozen=True, kw_only=True)
class CarbonConfig:
    """How energy becomes kg CO2e."""

    __pydantic_config__: ClassVar = _CLOSED

    country: str | None = None
    """ISO 3166 alpha-3 code of the grid; null takes the world average and says 'assumed'."""

    intensity: float | None = None
    """Grid intensity in g CO2e per kWh, where you know it better than the country's average."""


@dataclass(frozen=True, kw_only=True)
class SlicesConfig:
    """How the worst subgroups are searched for."""

    __pydantic_config__: ClassVar = _CLOSED

    enabled: bool = True
    """false leaves the search out; the report then says so."""

    columns: tuple[str, ...] | None = None
    """Columns that slices are made of; null takes all, whether the model sees them or not."""

    depth: int = 3
    """Columns that one slice may have, 1 to 3."""

    bins: int = 4
    """Quantile bins of a numeric column."""

    common: int = 8
    """Categories of a column that keep a bin of their own; the others share one."""

    minimum_rows: int = 30
    """Fewest rows of a slice."""

    minimum_share: float = 0.005
    """Fewest rows of a slice as a share of all; the larger of the two counts."""

    beam: int = 32
    """Slices of two columns that are extended by a third; with all of them the search is exhaustive."""

    permutations: int = 200
    """Permutations that say how large the largest difference is by chance."""

    alpha: float = 0.05
    """Chance of any false alarm at all."""

    shown: int = 10
    """Most slices that are reported for one statistic."""

    rows: int = 50_000
    """Rows that are searched; of more, a seeded part."""

    seed: int = 0
    """Seed of the permutations."""

    def __post_init__(self) -> None:
        limits = {"depth": (1, 3), "bins": (2, 50), "common": (1, 100), "minimum_rows": (2, inf),
                  "minimum_share": (0, 0.5), "beam": (1, inf), "permutations": (20, 10_000), "alpha": (0, 1),
                  "shown": (1, 100), "rows": (1, 130_000)}  # fmt: skip
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise SpecError(
                    f"audit.slices.{name} is out of its range",
                    got=getattr(self, name),
                    expected=f"a number from {low} to {high}",
                )


@dataclass(frozen=True, kw_only=True)
class AuditConfig:
    """Everything that is said about a model."""

    __pydantic_config__: ClassVar = _CLOSED

    confidence: float = 0.95
    """Confidence of the intervals of performance and calibration."""

    confidences: tuple[float, ...] = ()
    """Further confidences of one-sided bounds; those that the policy asks for are added."""

    fairness: FairnessConfig = field(default_factory=FairnessConfig)
    """Groups, intersections and their gaps."""

    slices: SlicesConfig = field(default_factory=SlicesConfig)
    """The search for the worst subgroups."""

    explain: ExplainConfig = field(default_factory=ExplainConfig)
    """Attributions."""

    robustness: RobustnessConfig = field(default_factory=RobustnessConfig)
    """Attacks, corruptions, shifts, conformal sets, abstention."""

    privacy: PrivacyAuditConfig = field(default_factory=PrivacyAuditConfig)
    """Attacks that try to learn who was trained on."""

    carbon: CarbonConfig = field(default_factory=CarbonConfig)
    """The grid."""
