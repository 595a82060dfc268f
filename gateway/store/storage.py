"""Where the register and the blobs are, as an operator says it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.store.object_place import Bucket

SQLITE_RELATIVE, SQLITE_ABSOLUTE = "sqlite:///", "sqlite:////"


@dataclass(frozen=True, slots=True)
class Storage:
    """The register and the blobs. Configuration keys carry these names."""

    url: str = f"{SQLITE_RELATIVE}register.db"
    blob_dir: Path = Path("blobs")
    blob_url: str = ""
    blob_endpoint: str = ""
    blob_region: str = ""
    blob_access_key: str = ""
    blob_secret_file: Path | None = None
    orphan_age_h: float = 24.0
    sweep_interval_h: float = 24.0
    group_operations_max: int = 64
    group_wait_ms: float = 5.0
    inline_bytes_max: int = 65_536
    disk_free_bytes_min: int = 268_435_456

    @property
    def bucket(self) -> Bucket | None:
        """Where large attachments go; None: into `blob_dir`."""
        if not self.blob_url:
            return None
        return Bucket(self.blob_url, self.blob_endpoint, self.blob_region, self.blob_access_key, self.blob_secret_file)
