"""Where the signatures inside PDFs are looked at: beside the event loop, with the authorities' lists at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gateway.edxml import Part
from gateway.exchange.revocation import Refresher
from gateway.model.agency import Directory
from gateway.model.reasons import Reason
from gateway.model.refusal import Unavailable
from gateway.rules import Examination
from gateway.rules.pdfs import PdfFacts, PdfSource, check_pdfs, may_be_signed, pdfs_of
from gateway.store import Staging
from gateway.trust.anchors import AnchorStore, digest_of
from gateway.trust.chains import Chains
from gateway.trust.pdf_file import PdfLimits
from gateway.trust.revocation import RevocationSnapshot
from gateway.trust.wrapped import ZIP_HEAD

THREADS = 1
"""Reading a PDF is pure Python: a second thread would only take turns with the first, and with the event loop."""


def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, "pdf")


@dataclass(frozen=True)
class PdfDesk:
    """Verifies PDFs under these authorities. A gateway without configured authorities has no desk, and says so."""

    stores: tuple[AnchorStore, ...]
    chains: Chains
    refresher: Refresher
    limits: PdfLimits = field(default_factory=PdfLimits)
    pool: ThreadPoolExecutor = field(default_factory=_pool)

    @cached_property
    def anchors(self) -> str:
        """Digest of the authorities."""
        return digest_of(self.stores)

    @property
    def snapshot(self) -> RevocationSnapshot:
        return self.refresher.snapshot

    async def check(
        self,
        examination: Examination,
        parts: Sequence[Part],
        directory: Directory,
        snapshot: RevocationSnapshot | None = None,
    ) -> Examination:
        """An examination with what its PDFs say joined to it; a refused one as it was. Without a snapshot, under the
        latest. Unavailable where a staged file cannot be read."""
        if examination.packet is None:
            return examination
        sources = pdfs_of(examination.packet, [one.head for one in parts], [_staged(one) for one in parts])
        facts = PdfFacts(self.anchors, self.chains, snapshot or self.snapshot, self.limits, directory)
        if not any(_is_work(one) for one in sources):
            return check_pdfs(examination, sources, facts)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self.pool, check_pdfs, examination, sources, facts)
        except OSError as fault:
            raise Unavailable(Reason.STORE_UNAVAILABLE, cause=str(fault)) from fault


def _is_work(source: PdfSource) -> bool:
    """Whether more than a search through a few bytes is to be done."""
    data = source.data
    return isinstance(data, Path) or data.startswith(ZIP_HEAD) or may_be_signed(data)


def _staged(part: Part) -> bytes | Path:
    staging = part.sink
    assert isinstance(staging, Staging), "attachments are staged by Blobs.stage"
    return staging.path or staging.data
