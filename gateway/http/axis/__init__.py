"""The axis dialect: what the field's systems speak through their vendor's SDK, in front of the same line.

Thirteen operations under a base path, every parameter a signed header, JSON in one envelope. The SDK cannot be changed,
so its quirks are tolerated on purpose, each where it shows and with a test of its name; and since it reads a server's
HTML page as an empty inbox, nothing but JSON is ever answered here, whatever fails.

`signed` reads and checks the headers, `envelope` writes the answers, `file` takes the body of sendEdoc, `documents` and
`agencies` hold the operations, `rows` the table of them.
"""

from gateway.http.axis.rows import add_dialect, is_below
from gateway.http.axis.rules import AXIS, AxisRules

__all__ = ["AXIS", "AxisRules", "add_dialect", "is_below"]
