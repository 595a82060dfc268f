"""README.txt of a case: what each file is, and the commands that check it without any program of ours.

The text belongs to the case format: `check_case` demands it byte for byte, so nobody can slip instructions of his own
into evidence. Another text is another format version, beside this one; a test holds the digest of each.
"""

from __future__ import annotations

from functools import cache

from gateway.model.words import LANGUAGES, text

CASE_FORMAT = "truc-case-v2"
EVENT_FORMAT = "truc-event-v1"
"""A case for a third party."""

_SETTINGS = """
    VKEY='…'
    NAME=${VKEY%%+*}; KEY=${VKEY#*+*+}
    hash() { openssl dgst -sha256 -binary | base64; }
"""
_CHECKPOINT = r"""
    { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; printf %s "$KEY" | base64 -d | tail -c 32; } > key.der
    sed '/^$/,$d' checkpoint > note.txt
    grep -F -- "— $NAME " checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 > note.sig
    openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in note.txt -sigfile note.sig
    head -n 1 checkpoint | grep -F -x -- "$NAME"
"""
_ENTRIES = r"""
    SIZE=$(sed -n 2p checkpoint); ROOT=$(sed -n 3p checkpoint)
    for proof in entries/*.tlog-proof; do
      index=$(sed -n 's/^index //p' "$proof"); entry=entries/$index.txt
      place=$index; last=$((SIZE - 1))
      node=$({ printf '\000'; cat "$entry"; } | hash)
      for step in $(sed -n '/^index /,/^$/p' "$proof" | sed 1d); do
        if [ $((place % 2)) = 1 ] || [ "$place" = "$last" ]; then
          node=$({ printf '\001'; echo "$step" | base64 -d; echo "$node" | base64 -d; } | hash)
          while [ $((place % 2)) = 0 ] && [ "$place" != 0 ]; do place=$((place / 2)); last=$((last / 2)); done
        else
          node=$({ printf '\001'; echo "$node" | base64 -d; echo "$step" | base64 -d; } | hash)
        fi
        place=$((place / 2)); last=$((last / 2))
      done
      if [ "$node" = "$ROOT" ] && [ "$last" = 0 ] && [ "$index" -lt "$SIZE" ]
      then echo "$entry: OK"; else echo "$entry: FAILED"; fi
    done
"""
_STAMP = r"""
    if [ -f checkpoint.tsr ]; then
      openssl ts -verify -data checkpoint -in checkpoint.tsr -CAfile tsa.pem
      openssl ts -reply -in checkpoint.tsr -text | grep 'Time stamp:'
    fi
"""
_EVIDENCE = r"""
    for evidence in evidence/*.xml; do
      index=${evidence#evidence/}; index=${index%%-*}
      leaf=$({ printf '\000'; cat "entries/$index.txt"; } | sha256sum | cut -c1-64)
      if grep -q "<Ledger index=\"$index\" leaf=\"$leaf\"" "$evidence"
      then echo "$evidence: OK"; else echo "$evidence: FAILED"; fi
      seal=FAILED
      for certificate in gateway.pem certificates/*.pem; do
        if [ -f "$certificate" ] && xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem "$certificate" \
          --id-attr:Id urn:vn:truc:evidence:1:Evidence \
          --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties "$evidence"; then seal=OK; break; fi
      done
      echo "$evidence seal: $seal"
    done
"""
_CONTAINER = r"""
    seal=FAILED
    for certificate in gateway.pem certificates/*.pem; do
      if [ -f "$certificate" ] && xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem "$certificate" \
        --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties META-INF/signatures.xml
      then seal=OK; break; fi
    done
    echo "META-INF/signatures.xml: $seal"
"""
_RECEIPT = r"""
    ACCEPT=$(grep -l -x 'kind: accept' entries/*.txt); cat "$ACCEPT"
    echo "$(sed -n 's/^receipt: //p' "$ACCEPT")  receipt.xml" | sha256sum -c
    openssl x509 -in gateway.pem -outform DER > gateway.der
    echo "$(sed -n 's/^gateway_certificate: //p' "$ACCEPT")  gateway.der" | sha256sum -c
    xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem gateway.pem \
      --id-attr:Id urn:vn:truc:receipt:1:Receipt \
      --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties receipt.xml
"""
_REPORT = r"""
    echo "$(sed -n 's/^report: //p' "$ACCEPT")  report.xml" | sha256sum -c
    xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem gateway.pem \
      --id-attr:Id urn:vn:truc:examination:1:ExaminationReport \
      --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties report.xml
"""
_PACKET = r"""
    sed 's/<Attachment /\n&/g' receipt.xml | grep '^<Attachment ' > attachments.txt || true
    { echo truc-packet-v1
      echo "envelope $(sha256sum < packet/envelope.edxml | cut -c1-64)"
      sed 's/.* sha256="\([0-9a-f]*\)" size="\([0-9]*\)".*/attachment \1 \2/' attachments.txt
    } > packet.txt
    echo "$(sed -n 's/^packet: //p' "$ACCEPT")  packet.txt" | sha256sum -c
    number=0
    sed 's/.* sha256="\([0-9a-f]*\)".*/\1/' attachments.txt | while read -r digest; do
      number=$((number + 1)); file=packet/attachments/$(printf %02d $number)
      if [ -f "$file" ]; then echo "$digest  $file" | sha256sum -c; else echo "$file: $digest"; fi
    done
"""
_SEAL = r"""
    openssl x509 -in sender.pem -outform DER > sender.der
    echo "$(sed -n 's/^seal_certificate: //p' "$ACCEPT")  sender.der" | sha256sum -c
    openssl x509 -in sender.pem -noout -subject -issuer -dates
    xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem sender.pem \
      --id-attr:Id http://www.mic.gov.vn/TBT/QCVN_102_2016:edXMLEnvelope \
      --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties \
      $(sed 's/.* contentId="\([^"]*\)".*/\1/' attachments.txt | \
        awk '{ printf "--url-map:cid:%s packet/attachments/%02d ", $0, NR }') packet/envelope.edxml
"""
_EVENT_STEPS = {
    "settings": _SETTINGS,
    "checkpoint": _CHECKPOINT,
    "entries": _ENTRIES,
    "evidence": _EVIDENCE,
    "stamp": _STAMP,
    "container": _CONTAINER,
}
_STEPS = {**_EVENT_STEPS, "receipt": _RECEIPT, "report": _REPORT, "packet": _PACKET, "seal": _SEAL}
"""Each step's commands by the key of its text. Commands are indented, so they can be cut out and run."""


@cache
def readme(whole: bool = True) -> bytes:
    """README.txt, UTF-8: each step in every language, then its commands. Not `whole`: of a case for a third party."""
    about, steps = ("about", _STEPS) if whole else ("about_event", _EVENT_STEPS)
    parts = [CASE_FORMAT if whole else EVENT_FORMAT, *(text(lang, f"check.readme.{about}") for lang in LANGUAGES)]
    for number, (step, commands) in enumerate(steps.items()):
        parts += [f"{number}. {text(lang, f'check.readme.{step}')}" for lang in LANGUAGES]
        parts.append(commands.strip("\n"))
    return ("\n\n".join(parts) + "\n").encode()
