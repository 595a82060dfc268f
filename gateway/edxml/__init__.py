"""The wire format: edXML packets in and out. Bytes in, values out; any bytes give a value or `Refused`.

In: `Cutter` takes the attachments out of the stream, `received` puts the submission together, `parse` makes the tree,
`validate` and `read` say what is wrong with it and what it says. Out: `write` makes the strict form, `inline` the file.
"""

from gateway.edxml.cut import Cutter
from gateway.edxml.findings import quoted
from gateway.edxml.hop import with_hop
from gateway.edxml.inline import encoded, inline
from gateway.edxml.limits import Limits
from gateway.edxml.parse import Parsed, parse
from gateway.edxml.part import Part, PartWriter, Received, Sink, received
from gateway.edxml.read import read, read_content, read_header
from gateway.edxml.schema import Profile, schema_path, validate
from gateway.edxml.signature import OldSignature, SignatureState, old_signature, signature_state
from gateway.edxml.write import NewAttachment, write

__all__ = [
    "Cutter",
    "Limits",
    "NewAttachment",
    "OldSignature",
    "Parsed",
    "Part",
    "PartWriter",
    "Profile",
    "Received",
    "SignatureState",
    "Sink",
    "encoded",
    "inline",
    "old_signature",
    "parse",
    "quoted",
    "read",
    "read_content",
    "read_header",
    "received",
    "schema_path",
    "signature_state",
    "validate",
    "with_hop",
    "write",
]
