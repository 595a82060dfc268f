"""Values of every kind a packet can hold, as a reader gives them back: trimmed, nothing empty, in normal form C."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

from gateway.edxml import NewAttachment
from gateway.edxml.characters import FORBIDDEN
from gateway.edxml.content import NULL, WHITE_SPACE
from gateway.model.packet import (
    Business,
    BusinessType,
    Content,
    Document,
    DocumentType,
    Organ,
    OtherInfo,
    Receiver,
    Replacement,
    ResponseFor,
    Signer,
    Staff,
    Status,
    StatusCode,
    TraceHop,
)

_VIETNAMESE = "aàảãáạăằẵặâầẩẫấậđeèẻéẹêềễếệiìỉíịoòỏóọôồổộơờởợuùủúụưừữựyỳỷýỵ" + "ĂÂĐÊÔƠƯ ABC 0123456789 /-.,&<>\"'"
_ANY = st.one_of(
    st.text(_VIETNAMESE, max_size=30), st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
)


def _as_read(text: str) -> str:
    return unicodedata.normalize("NFC", FORBIDDEN.sub("", text)).strip(WHITE_SPACE)


texts = _ANY.map(_as_read).filter(lambda one: bool(one) and one != NULL and not FORBIDDEN.search(one))
maybe = st.none() | texts
ids = st.text("ABCDEFGHIJKLMNOPQRSTUVWXY0123456789.", min_size=1, max_size=35)
maybe_id = st.none() | ids

organs = st.builds(Organ, ids, maybe, maybe, maybe, maybe, maybe, maybe, maybe)
responses = st.builds(ResponseFor, maybe_id, maybe, maybe, maybe)
staff = st.builds(Staff, maybe, maybe, maybe, maybe)
businesses = st.builds(
    Business,
    st.sampled_from(BusinessType),
    maybe,
    maybe,
    maybe,
    maybe,
    maybe,
    st.lists(st.builds(Receiver, ids, maybe), max_size=3).map(tuple),
    st.lists(st.builds(Replacement, maybe, st.lists(ids, max_size=2).map(tuple)), max_size=3).map(tuple),
    st.none() | staff,
)
documents = st.builds(
    Document,
    sender=organs,
    addressees=st.lists(organs, min_size=1, max_size=3).map(tuple),
    document_id=maybe,
    code_number=maybe,
    code_notation=maybe,
    place=maybe,
    promulgated_on=maybe,
    document_type=st.builds(DocumentType, maybe, maybe, maybe),
    subject=maybe,
    content=maybe,
    signer=st.builds(Signer, maybe, maybe, maybe),
    due_on=maybe,
    to_places=st.lists(texts, max_size=3).map(tuple),
    other=st.builds(OtherInfo, maybe, maybe, maybe, maybe, maybe, maybe, st.lists(texts, max_size=2).map(tuple)),
    response_for=st.lists(responses, max_size=2).map(tuple),
    steering_type=maybe,
    trace=st.lists(st.builds(TraceHop, maybe_id, maybe), max_size=3).map(tuple),
    business=st.none() | businesses,
)
statuses = st.builds(Status, organs, responses, st.sampled_from(StatusCode).map(str), st.none() | staff, maybe, maybe)
contents: st.SearchStrategy[Content] = documents | statuses
attachments = st.lists(
    st.builds(NewAttachment, st.from_regex(r"[A-Za-z0-9._@+-]{1,20}", fullmatch=True), texts, texts, maybe),
    max_size=4,
    unique_by=lambda one: one.content_id,
)
