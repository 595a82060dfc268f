"""Keys, certificates and the XML seal (schemas/seal-profile.md): seal, verify, countersign.

No clock, no network: instants, keys and authorities are arguments.
"""

from gateway.trust.algorithms import Algorithm, Digest
from gateway.trust.certificates import Certificate, TrustStore, read_certificate
from gateway.trust.envelope import judge_old
from gateway.trust.keys import KeyFileError, KeySigner, NoteKey, Signer, check_key_file, load_ed25519, load_signer
from gateway.trust.seal import countersign, countersign_canonical, seal
from gateway.trust.verify import Verified, verify, verify_countersigned
from gateway.trust.written import Written, written

__all__ = [
    "Algorithm",
    "Certificate",
    "Digest",
    "KeyFileError",
    "KeySigner",
    "NoteKey",
    "Signer",
    "TrustStore",
    "Verified",
    "Written",
    "check_key_file",
    "countersign",
    "countersign_canonical",
    "judge_old",
    "load_ed25519",
    "load_signer",
    "read_certificate",
    "seal",
    "verify",
    "verify_countersigned",
    "written",
]
