"""Where artifacts live: content-addressed, verified before use, never half-written."""

from .artifact import Artifact, examine
from .cache_key import cache_key, code_version, library_versions
from .digest import canonical_json, digest_of_json, sha256_file, tree_digest
from .draft import Draft
from .manifest import FileEntry, Manifest
from .name import check_name, check_relative_path
from .store import Store, StoreWarning

__all__ = [
    "Artifact",
    "Draft",
    "FileEntry",
    "Manifest",
    "Store",
    "StoreWarning",
    "cache_key",
    "canonical_json",
    "check_name",
    "check_relative_path",
    "code_version",
    "digest_of_json",
    "examine",
    "library_versions",
    "sha256_file",
    "tree_digest",
]
