"""What verifying the signatures in a PDF costs, per signature: `python -m benchmarks.pdf`.

Cold is a certificate never seen before; warm has its path and its standing remembered. CPU time of one thread, median.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import replace
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from gateway.model.pdf import PdfReport
from gateway.trust.chains import Chains
from gateway.trust.pdf import PdfKnown, verify_pdf
from tests.trust.pdf.papers import World, known, paper, sign, world

ROUNDS = 9


def with_picture(data: bytes, size_bytes: int) -> bytes:
    """A scan: one more stream of this size, as pictures are."""
    writer, out = IncrementalPdfFileWriter(BytesIO(data)), BytesIO()
    writer.root["/Picture"] = writer.add_object(generic.StreamObject(encoded_data=bytes(size_bytes)))
    writer.update_root()
    writer.write(out)
    return out.getvalue()


def median_ms(data: bytes, facts: PdfKnown, the: World, cold: bool) -> tuple[float, PdfReport]:
    taken = []
    for _ in range(ROUNDS):
        asked = replace(facts, chains=Chains(the.stores)) if cold else facts
        began = time.process_time()
        report = verify_pdf(data, asked)
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken), report


def main() -> None:
    the = world()
    facts = known(the)
    print(f"{'file':34} {'bytes':>11} {'signatures':>10} {'cold ms':>8} {'warm ms':>8} {'warm ms a signature':>20}")
    files = {
        "1 page, person then agency": paper(),
        "300 pages": paper(300),
        "1 page and a scan of 1 MB": with_picture(paper(), 2**20),
        "1 page and a scan of 50 MB": with_picture(paper(), 50 * 2**20),
    }
    for name, unsigned in files.items():
        person = sign(unsigned, the.person, stamped=the.stamping)
        for label, data in ((f"{name}, one", person), (name, sign(person, the.agency))):
            if name.startswith("1 page,") or label == name:
                _row(label, data, facts, the)


def _row(label: str, data: bytes, facts: PdfKnown, the: World) -> None:
    cold, report = median_ms(data, facts, the, cold=True)
    warm, _ = median_ms(data, facts, the, cold=False)
    count = len(report.signatures)
    assert all(one.intact and one.valid and one.trusted for one in report.signatures), report
    print(f"{label:34} {len(data):>11,} {count:>10} {cold:>8.1f} {warm:>8.1f} {warm / count:>20.1f}")


if __name__ == "__main__":
    sys.exit(main())
