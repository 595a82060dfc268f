"""A line that looks at the signatures inside PDFs, in a world of authorities of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.x509.oid import NameOID

from gateway.exchange.line import Line
from gateway.exchange.pdf_desk import PdfDesk
from gateway.exchange.revocation import Refresher, RefreshRules
from gateway.trust.chains import Chains
from gateway.trust.revocation import Source
from tests.http.town import SIGNER, Clock
from tests.trust.pdf.papers import Holder, World, paper, sign, world

AGENCY = "Bộ Kiểm thử"


class Offline:
    """A network nobody may use: verification never asks it."""

    async def fetch(self, source: Source, timeout_s: float) -> bytes:
        raise AssertionError(f"{source.url} was asked in a test without a network")


def ministry(the: World) -> Holder:
    """The certificate of the ministry that sends the town's packets."""
    return the.government.issue(AGENCY, 5)


def signatory(the: World) -> Holder:
    """The certificate of the person who signs the town's packets."""
    return the.government.issue({NameOID.COMMON_NAME: SIGNER, NameOID.TITLE: "Chánh Văn phòng"})


def signed(the: World, *holders: Holder) -> bytes:
    """A page signed by each in turn; by default the person, then the ministry."""
    data = paper()
    for holder in holders or (signatory(the), ministry(the)):
        data = sign(data, holder)
    return data


def with_desk(line: Line, folder: Path, clock: Clock, the: World | None = None) -> Line:
    """The line with a desk for PDFs, and fresh lists of every authority at hand."""
    the = the or world()
    the.snapshot().save(folder / "revocation")
    chains = Chains(the.stores)
    now: Callable[[], object] = clock
    refresher = Refresher(chains, folder / "revocation", Offline(), now, RefreshRules())  # type: ignore[arg-type]
    return replace(line, pdf_desk=PdfDesk(the.stores, chains, refresher))
