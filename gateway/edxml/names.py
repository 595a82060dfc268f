"""The names of the format: namespaces, and the tags that reading and writing share."""

from __future__ import annotations

QCVN = "http://www.mic.gov.vn/TBT/QCVN_102_2016"
"""The one namespace of packets (QCVN 102:2016/BTTTT), bound twice in every packet: as default and to `edXML`."""
DSIG = "http://www.w3.org/2000/09/xmldsig#"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XINCLUDE = "http://www.w3.org/2001/XInclude"

WRONG_NAMESPACES = {
    "http://www.e-doc.vn/Schema/": "edxml_1",
    "http://www.go.vn/eDoc": "invented",
    "http://edxml.gov.vn/schema": "malware_report",
}
"""Namespaces met in the field in place of QCVN's, and the fault by which the catalogue speaks of each."""


def qcvn(name: str) -> str:
    """A local name in QCVN's namespace, as lxml writes tags: `{uri}name`."""
    return f"{{{QCVN}}}{name}"


class Tag:
    """Every tag that is read, in QCVN's namespace. The names, the double s among them, are the field's own."""

    ROOT = qcvn("edXML")
    ENVELOPE = qcvn("edXMLEnvelope")
    HEADER = qcvn("edXMLHeader")
    BODY = qcvn("edXMLBody")
    ATTACHMENTS = qcvn("AttachmentEncoded")
    SIGNATURE = qcvn("Signature")
    DIGITAL_SIGNATURE = qcvn("DigitalSignature")
    MESSAGE_HEADER = qcvn("MessageHeader")
    TRACE_HEADER_LIST = qcvn("TraceHeaderList")
    MANIFEST = qcvn("edXMLManifest")
    FROM = qcvn("From")
    TO = qcvn("To")
    ORGAN_ID = qcvn("OrganId")
    ORGAN_NAME = qcvn("OrganName")
    ORGANIZATION_IN_CHARGE = qcvn("OrganizationInCharge")
    ORGAN_ADD = qcvn("OrganAdd")
    EMAIL = qcvn("Email")
    TELEPHONE = qcvn("Telephone")
    FAX = qcvn("Fax")
    WEBSITE = qcvn("Website")
    DOCUMENT_ID = qcvn("DocumentId")
    CODE = qcvn("Code")
    CODE_NUMBER = qcvn("CodeNumber")
    CODE_NOTATION = qcvn("CodeNotation")
    PROMULGATION_INFO = qcvn("PromulgationInfo")
    PLACE = qcvn("Place")
    PROMULGATION_DATE = qcvn("PromulgationDate")
    DOCUMENT_TYPE = qcvn("DocumentType")
    TYPE = qcvn("Type")
    TYPE_DETAIL = qcvn("TypeDetail")
    TYPE_NAME = qcvn("TypeName")
    SUBJECT = qcvn("Subject")
    CONTENT = qcvn("Content")
    SIGNER_INFO = qcvn("SignerInfo")
    COMPETENCE = qcvn("Competence")
    POSITION = qcvn("Position")
    FULL_NAME = qcvn("FullName")
    DUE_DATE = qcvn("DueDate")
    TO_PLACES = qcvn("ToPlaces")
    OTHER_INFO = qcvn("OtherInfo")
    PRIORITY = qcvn("Priority")
    SPHERE_OF_PROMULGATION = qcvn("SphereOfPromulgation")
    TYPER_NOTATION = qcvn("TyperNotation")
    PROMULGATION_AMOUNT = qcvn("PromulgationAmount")
    PAGE_AMOUNT = qcvn("PageAmount")
    DIRECTION = qcvn("Direction")
    APPENDIXES = qcvn("Appendixes")
    APPENDIX = qcvn("Appendix")
    RESPONSE_FOR = qcvn("ResponseFor")
    STEERING_TYPE = qcvn("SteeringType")
    STATUS_CODE = qcvn("StatusCode")
    DESCRIPTION = qcvn("Description")
    TIMESTAMP = qcvn("Timestamp")
    TRACE_HEADER = qcvn("TraceHeader")
    BUSSINESS = qcvn("Bussiness")
    BUSSINESS_DOC_TYPE = qcvn("BussinessDocType")
    BUSSINESS_DOC_REASON = qcvn("BussinessDocReason")
    PAPER = qcvn("Paper")
    BUSSINESS_DOCUMENT_INFO = qcvn("BussinessDocumentInfo")
    DOCUMENT_INFO = qcvn("DocumentInfo")
    DOCUMENT_RECEIVER = qcvn("DocumentReceiver")
    RECEIVER_LIST = qcvn("ReceiverList")
    RECEIVER = qcvn("Receiver")
    RECEIVER_TYPE = qcvn("ReceiverType")
    REPLACEMENT_INFO_LIST = qcvn("ReplacementInfoList")
    REPLACEMENT_INFO = qcvn("ReplacementInfo")
    ORGAN_ID_LIST = qcvn("OrganIdList")
    STAFF_INFO = qcvn("StaffInfo")
    DEPARTMENT = qcvn("Department")
    STAFF = qcvn("Staff")
    MOBILE = qcvn("Mobile")
    REFERENCE = qcvn("Reference")
    CONTENT_ID = qcvn("ContentId")
    CONTENT_TYPE = qcvn("ContentType")
    ATTACHMENT_NAME = qcvn("AttachmentName")
    ATTACHMENT = qcvn("Attachment")
    ENCODED = qcvn("ContentTransferEncoded")


DS_SIGNATURE = f"{{{DSIG}}}Signature"
DS_REFERENCE = f"{{{DSIG}}}Reference"
