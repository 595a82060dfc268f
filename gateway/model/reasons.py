"""Why the gateway says no: one enum, in order of precedence.

Declaration order is precedence: of several faults in one submission the one declared first names the refusal. The order
follows the steps of the line (docs/life-of-a-document.md), so a reason also tells how far a submission came. Codes are
never reused. Titles and hints live in the catalogues (`model/catalogue/vi/reason*.po`), in both languages.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A refusal. The value is the stable code; `step` is where on the line it is made, `status` its HTTP status."""

    step: int
    status: int

    def __new__(cls, code: str, step: int, status: int) -> Reason:
        member = str.__new__(cls, code)
        member._value_ = code
        member.step = step
        member.status = status
        return member

    # Step 0: ready? Not the sender's fault; the same submission may be sent again unchanged.
    DRAINING = "unavailable.draining", 0, 503
    STORE_UNAVAILABLE = "unavailable.store", 0, 503
    LEDGER_UNAVAILABLE = "unavailable.ledger", 0, 503
    KEY_UNAVAILABLE = "unavailable.key", 0, 503
    DISK_FULL = "unavailable.disk_full", 0, 507
    OVERLOADED = "unavailable.overloaded", 0, 503
    PROVIDER_UNAVAILABLE = "unavailable.provider", 0, 503

    # Who is asking? Before any byte of the body is read.
    UNAUTHENTICATED = "peer.unauthenticated", 0, 401
    RATE_LIMITED = "peer.rate_limited", 0, 429
    PERSON_NOT_LET_IN = "person.not_let_in", 0, 401
    PERSON_LOCKED_OUT = "person.locked_out", 0, 429
    PERSON_PROVIDER_ANSWER = "person.provider_answer", 0, 400
    PERSON_PROVIDER_REFUSED = "person.provider_refused", 0, 401
    PERSON_PROVIDER_TOKEN = "person.provider_token", 0, 401
    PERSON_PROVIDER_UNKNOWN = "person.provider_unknown", 0, 403
    PERSON_NOT_ALLOWED = "person.not_allowed", 0, 403

    # The request itself, for every endpoint.
    NOT_FOUND = "request.not_found", 0, 404
    METHOD_NOT_ALLOWED = "request.method_not_allowed", 0, 405
    REQUEST_MALFORMED = "request.malformed", 0, 400
    STATE_CONFLICT = "request.state_conflict", 0, 409
    RANGE = "request.range", 0, 416

    # Uploads of large attachments ahead of their packet.
    UPLOAD_VERSION = "upload.version", 0, 412
    UPLOAD_TOO_MANY = "upload.too_many", 0, 429
    UPLOAD_EXPIRED = "upload.expired", 0, 410
    UPLOAD_BUSY = "upload.busy", 0, 423
    UPLOAD_OFFSET = "upload.offset", 0, 409
    UPLOAD_CHECKSUM = "upload.checksum", 0, 460
    UPLOAD_INCOMPLETE = "upload.incomplete", 0, 409

    # The axis dialect: its header scheme, and what it says about a file.
    AXIS_HEADERS = "axis.headers", 0, 400
    AXIS_TIMESTAMP = "axis.timestamp", 0, 400
    AXIS_MESSAGE_TYPE = "axis.message_type", 0, 400
    AXIS_REGISTRATION = "axis.registration", 0, 403
    AXIS_HASH_FILE = "axis.hash_file", 0, 422

    # Step 1: receive.
    CONTENT_TYPE = "receive.content_type", 1, 415
    CONTENT_ENCODING = "receive.content_encoding", 1, 415
    BODY_TOO_LARGE = "receive.body_too_large", 1, 413
    ENVELOPE_TOO_LARGE = "receive.envelope_too_large", 1, 413
    ATTACHMENT_TOO_LARGE = "receive.attachment_too_large", 1, 413
    TOO_MANY_ATTACHMENTS = "receive.too_many_attachments", 1, 413
    BODY_TRUNCATED = "receive.body_truncated", 1, 400
    BODY_TOO_SLOW = "receive.body_too_slow", 1, 408
    MULTIPART_MALFORMED = "receive.multipart_malformed", 1, 400
    BASE64_DAMAGED = "receive.base64_damaged", 1, 422

    # Step 2: parse.
    XML_ENCODING = "xml.encoding", 2, 422
    XML_VERSION = "xml.version", 2, 422
    XML_DOCTYPE = "xml.doctype", 2, 422
    XML_TOO_MANY_ELEMENTS = "xml.too_many_elements", 2, 422
    XML_TOO_MANY_NAMESPACES = "xml.too_many_namespaces", 2, 422
    XML_MALFORMED = "xml.malformed", 2, 422
    XML_TOO_DEEP = "xml.too_deep", 2, 422
    XML_TOO_MANY_ATTRIBUTES = "xml.too_many_attributes", 2, 422
    XML_NAME_TOO_LONG = "xml.name_too_long", 2, 422
    XML_TEXT_TOO_LONG = "xml.text_too_long", 2, 422
    XML_PROCESSING_INSTRUCTION = "xml.processing_instruction", 2, 422
    XML_COMMENT = "xml.comment", 2, 422
    XML_NAMESPACE = "xml.namespace", 2, 422
    XML_FORBIDDEN_CONSTRUCT = "xml.forbidden_construct", 2, 422

    # Step 3: form (thể thức).
    FORM_SCHEMA = "form.schema", 3, 422
    FORM_CHARACTERS = "form.characters", 3, 422
    FORM_DUPLICATE_CONTENT_ID = "form.duplicate_content_id", 3, 422
    FORM_MANIFEST_MISMATCH = "form.manifest_mismatch", 3, 422
    FORM_FILE_NAME = "form.file_name", 3, 422
    FORM_DUPLICATE_ADDRESSEE = "form.duplicate_addressee", 3, 422
    FORM_TOO_MANY_ADDRESSEES = "form.too_many_addressees", 3, 422
    FORM_DATE = "form.date", 3, 422
    FORM_STATUS_CODE = "form.status_code", 3, 422
    FORM_RULE = "form.rule", 3, 422
    FORM_CHANGE_TARGET = "form.change_target", 3, 422

    # Step 4: authority (thẩm quyền).
    AUTHORITY_CLASSIFIED = "authority.classified", 4, 422
    AUTHORITY_UNKNOWN_SENDER = "authority.unknown_sender", 4, 422
    AUTHORITY_NOT_YOURS = "authority.not_yours", 4, 403
    AUTHORITY_INACTIVE_SENDER = "authority.inactive_sender", 4, 422
    AUTHORITY_NOT_COMPETENT_TYPE = "authority.not_competent_type", 4, 422
    AUTHORITY_CAPACITY = "authority.capacity", 4, 422
    AUTHORITY_SIGNER_UNKNOWN = "authority.signer_unknown", 4, 422
    AUTHORITY_DELEGATION = "authority.delegation", 4, 422
    AUTHORITY_UNKNOWN_ADDRESSEE = "authority.unknown_addressee", 4, 422
    AUTHORITY_INACTIVE_ADDRESSEE = "authority.inactive_addressee", 4, 422
    AUTHORITY_UNREACHABLE_ADDRESSEE = "authority.unreachable_addressee", 4, 422

    # Step 5: the seal.
    SEAL_MISSING = "seal.missing", 5, 422
    SEAL_AMBIGUOUS = "seal.ambiguous", 5, 422
    SEAL_STRUCTURE = "seal.structure", 5, 422
    SEAL_ALGORITHM = "seal.algorithm", 5, 422
    SEAL_REFERENCES = "seal.references", 5, 422
    SEAL_KEY = "seal.key", 5, 422
    SEAL_CERTIFICATE_UNTRUSTED = "seal.certificate_untrusted", 5, 422
    SEAL_CERTIFICATE_VALIDITY = "seal.certificate_validity", 5, 422
    SEAL_PROPERTIES = "seal.properties", 5, 422
    SEAL_ATTACHMENT_DIGEST = "seal.attachment_digest", 5, 422
    SEAL_DIGEST = "seal.digest", 5, 422
    SEAL_SIGNATURE = "seal.signature", 5, 422

    # Step 5: the signatures inside PDF attachments.
    PDF_TOO_LARGE = "pdf.too_large", 5, 422
    PDF_UNREADABLE = "pdf.unreadable", 5, 422
    PDF_ENCRYPTED = "pdf.encrypted", 5, 422
    PDF_CHANGED_AFTER_SIGNING = "pdf.changed_after_signing", 5, 422
    PDF_SIGNATURE_INVALID = "pdf.signature_invalid", 5, 422
    PDF_SIGNATURE_UNTRUSTED = "pdf.signature_untrusted", 5, 422
    PDF_CERTIFICATE_VALIDITY = "pdf.certificate_validity", 5, 422
    PDF_REVOKED = "pdf.revoked", 5, 422
    PDF_AGENCY_MISMATCH = "pdf.agency_mismatch", 5, 422
    PDF_ORDER = "pdf.order", 5, 422
    PDF_SIGNER_MISMATCH = "pdf.signer_mismatch", 5, 422
    PDF_SIGNATURE_MISSING = "pdf.signature_missing", 5, 422
    PDF_UNSIGNED = "pdf.unsigned", 5, 422
    PDF_SIGNING_TIME = "pdf.signing_time", 5, 422
    PDF_EXPIRED_SINCE = "pdf.expired_since", 5, 422
    PDF_REVOCATION_UNKNOWN = "pdf.revocation_unknown", 5, 422

    # Step 7: record.
    DOCUMENT_ID_TAKEN = "record.document_id_taken", 7, 409
    TARGET_UNKNOWN = "record.target_unknown", 7, 422
    CHANGE_LOOP = "record.change_loop", 7, 422
    FROZEN = "record.frozen", 7, 409
    DUPLICATE = "record.duplicate", 7, 422
    STATUS_UNMATCHED = "record.status_unmatched", 7, 422

    # A bug of ours. Never the sender's fault; the incident id in the answer finds the traceback in the log.
    INTERNAL = "internal.error", 9, 500

    @property
    def precedence(self) -> int:
        """0 for the reason that wins over all others."""
        return _PRECEDENCE[self]

    @property
    def transient(self) -> bool:
        """True where the same submission, unchanged, may succeed later."""
        return self.status in {408, 429, 503, 507, 500}


_PRECEDENCE = {reason: place for place, reason in enumerate(Reason)}
