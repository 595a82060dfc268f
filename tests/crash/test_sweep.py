"""A kill at each durable call of one document's life: from its attachment's first flush to its last checkpoint.

After each kill the gateway is started over what is left, the life is lived to its end by sending again what was not
answered, and the whole register is audited. One installation lives through all of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from gateway.client import Unreachable
from gateway.demo.papers import Enclosure, Paper, one_page_pdf, seal
from tests.crash.audit import Audit
from tests.crash.faults import FLUSHES, KILLS, WRITES, injected
from tests.crash.hub import hub
from tests.crash.installation import INLINE_BYTES_MAX
from tests.crash.notebook import Answered, Line, Receipted, Sealed
from tests.crash.parties import DOGGED, ONCE, client
from tests.crash.serving import Serving
from tests.http.town import awaited

pytestmark = pytest.mark.crash
