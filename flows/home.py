"""Where a person's runs live: the store, the registry and Prefect's own files, under one folder."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..platform.exceptions import SpecError
from ..platform.registry import Registry
from ..platform.store import Store

if TYPE_CHECKING:
    from ..platform.privacy.ledger.ledger import Ledger

#: Used when neither `--home` nor `ASSAY_HOME` says otherwise.
DEFAULT_HOME = ".assay"


@dataclasses.dataclass(frozen=True)
class Home:
    """Folder of all that Assay keeps; `ASSAY_STORE` and `ASSAY_DATABASE` move either part elsewhere."""

    root: Path

    @classmethod
    def find(cls, home: str | os.PathLike[str] | None = None) -> "Home":
        """The home that was named, or `ASSAY_HOME`, or `./.assay`."""
        root = Path(home or os.environ.get("ASSAY_HOME") or DEFAULT_HOME).expanduser().absolute()
        if root.exists() and not root.is_dir():
            raise SpecError("--home isn't a folder", got=root, expected="a folder, or a name that is free")
        return cls(root)

    def store(self) -> Store:
        """The artifact store, made when it isn't there."""
        return Store(Path(os.environ.get("ASSAY_STORE") or self.root / "store"))

    def registry(self) -> Registry:
        """The registry, made when it isn't there."""
        return Registry(os.environ.get("ASSAY_DATABASE") or f"sqlite:///{self.root / 'registry.db'}")

    @property
    def ledger_place(self) -> tuple[str, Path]:
        """URL of the privacy ledger, and the folder of its private files, which stay on this machine."""
        url = os.environ.get("ASSAY_DATABASE") or f"sqlite:///{self.root / 'ledger.db'}"
        return url, self.root / "private"

    def ledger(self) -> "Ledger":
        """The privacy ledger; it isn't made before the first data set is registered."""
        from ..platform.privacy.ledger.ledger import Ledger

        url, private = self.ledger_place
        return Ledger(url, private=private)

    def version_folder(self, name: str, number: int) -> Path:
        """Folder with readable links to one version's report and model."""
        return self.root / "models" / name / str(number)

    @property
    def prefect(self) -> Path:
        """Prefect's home: its database, and nothing that anyone else has to read."""
        return self.root / "prefect"
