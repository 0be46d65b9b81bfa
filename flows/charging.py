"""What training costs a data set's privacy, told to the ledger before the first step.

A private run is always charged. A run without privacy is charged once the home keeps a ledger: it spends more
than any budget holds, and is refused on rows that have one.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from ..platform.data import sources
from ..platform.data.config import DataConfig
from ..platform.data.dataset import Dataset
from ..platform.exceptions import DataError
from ..platform.privacy.ledger.account import LedgerAccount
from ..platform.privacy.ledger.events import NonPrivate
from ..platform.privacy.ledger.ledger import Ledger
from ..platform.privacy.ledger.records import RECORD
from ..platform.privacy.ledger.row_digests import row_digests
from .chain import Run
from .client_units import deals_clients, dealt_unit, hides_clients, register_dealt
from .privacy_cost import others
from .spec import Spec

_SHOWN = 12  # characters of a fingerprint


def dataset_name(source: str) -> str:
    """How the ledger calls a source: readable, and another name once its content is another."""
    digest = sources.fingerprint(source).rpartition(":")[2]
    return f"{sources.label(source)}#{digest[:_SHOWN]}"


def registered(ledger: Ledger, data: DataConfig, *, unit: str = RECORD) -> str:
    """Make a source's rows known to the ledger, by record and by unit; returns its name there.

    Args:
        ledger: where.
        data: the source, and what it was made from.
        unit: `record`, or the column that says whose row it is.

    Raises:
        DataError: the source can't be read, lacks the column, or comes from what the ledger doesn't know.
    """
    name = dataset_name(data.source)
    parents = [_parent(ledger, one) for one in data.derived_from]
    unknown = [kind for kind in dict.fromkeys((RECORD, unit)) if not ledger.knows(name, unit=kind)]
    if unknown:
        with TemporaryDirectory() as folder:
            table = sources.read(data.source, scratch=Path(folder)).table
            for kind in unknown:
                columns = table.column_names if kind == RECORD else [kind]
                digests = row_digests(table, columns, ledger.row_key(kind))
                ledger.register(name, digests=digests, unit=kind)
    if parents:
        ledger.register(name, parents=parents)
    return name


def unit_of(spec: Spec) -> str:
    """Whom a spec's noise hides, as the ledger calls them."""
    if deals_clients(spec):
        return dealt_unit(spec)
    if hides_clients(spec) and spec.federated and spec.federated.partition.column:
        return spec.federated.partition.column
    return RECORD if spec.privacy is None else spec.privacy.unit


def account_of(run: Run, key: str) -> LedgerAccount:
    """The account of one private training stage.

    Args:
        run: what the stage is part of.
        key: the stage's cache key, which a restart has again.

    Raises:
        BudgetError: the rows have a budget for another unit, which this run's noise doesn't hide; or any, and
            a model without privacy is to be trained beside.
    """
    unit = unit_of(run.spec)
    _refuse_other_units(run, unit, run.spec.data)
    if None in others(run.spec):
        _refuse_without_privacy(run, unit, run.spec.data)
    return _account(run, key, run.spec.data, unit=unit)


def charge_without_privacy(run: Run, key: str, *more: DataConfig) -> None:
    """Charge a stage that learns from the rows without a mechanism, where there is a ledger.

    Args:
        run: what the stage is part of.
        key: the stage's cache key.
        more: data sets that it learns from beside the run's own.

    Raises:
        BudgetError: the rows have a budget; nothing was trained.
    """
    if not run.home.ledger().exists:
        return
    for data in (run.spec.data, *more):
        _refuse_other_units(run, RECORD, data)
        _refuse_without_privacy(run, RECORD, data)
    for data in (run.spec.data, *more):
        _account(run, key, data, unit=RECORD).spend_without_privacy()


def _refuse_without_privacy(run: Run, unit: str, data: DataConfig) -> None:
    """Refuse training without privacy on rows that have a budget, and write nothing."""
    run.home.ledger().check(_known(run, data, unit), NonPrivate(), unit=unit)


def _refuse_other_units(run: Run, unit: str, data: DataConfig) -> None:
    """What hides a record hides no person, nor the reverse: for another unit's budget it is no privacy."""
    ledger = run.home.ledger()
    if not ledger.exists:
        return
    columns = {RECORD, *(column.name for column in Dataset.open(run.path("ingest")).schema.columns)}
    budgeted = {of for of, _, budget in ledger.datasets() if budget is not None and of != unit}
    for other in sorted(budgeted & columns):
        _refuse_without_privacy(run, other, data)


def attribute(run: Run, version: int) -> None:
    """Write into the ledger which version came of this run's stages: refusals name it."""
    ledger = run.home.ledger()
    if not ledger.exists:
        return
    keys = {made.artifact.key for made in run.outcomes.values()}
    for one in ledger.reservations():
        if one.run in keys and one.version is None and one.charged is not None:
            ledger.attribute(one, f"{run.spec.name}@{version}")


def _account(run: Run, key: str, data: DataConfig, *, unit: str) -> LedgerAccount:
    url, private = run.home.ledger_place
    return LedgerAccount(url=url, private=private, dataset=_known(run, data, unit), run=key, unit=unit)


def _known(run: Run, data: DataConfig, unit: str) -> str:
    """The ledger's name of data that a run reads, which it knows by this unit from now on."""
    ledger, dealt = run.home.ledger(), deals_clients(run.spec) and unit == unit_of(run.spec)
    name = registered(ledger, data, unit=RECORD if dealt else unit)
    if dealt:
        register_dealt(ledger, name, run.spec)
    return name


def _parent(ledger: Ledger, one: str) -> str:
    """A data set that this one was made from, as the ledger calls it."""
    if ledger.knows(one):
        return one
    try:
        return registered(ledger, DataConfig(source=one))
    except DataError as error:
        raise DataError(
            "data.derived_from names what the ledger doesn't know",
            got=one,
            expected="a data set of `assay ledger list`, or a source that can be read",
            mend=error.message,
        ) from None
