"""README.md of the folder the demo leaves: which outside command checks which file, in both languages.

Commands print OK or FAILED for each thing they check; a test cuts them out of the page and runs them.
"""

from __future__ import annotations

from datetime import datetime

from gateway.demo.theatre import Book
from gateway.model.words import LANGUAGES, text

_SETTINGS = r"""
AT='{local}'; EPOCH={epoch}
verdict() {{ if "$@" > out.log 2>&1; then echo OK; else echo FAILED; fi; }}
"""
_URIS = r"""
for packet in packets/*/packet.edxml; do
  echo "$packet:" $(sed 's/<[A-Za-z]*:*Reference /\n&/g' "$packet" | \
    sed -n 's/^<[A-Za-z]*:*Reference [^>]*URI="\([^"]*\)".*/\1/p')
done
"""
_SEALS = r"""
seal() {{
  maps=''
  for file in "$1"/[0-9]*-*; do
    if [ -f "$file" ]; then name=${{file##*/}}; maps="$maps --url-map:cid:${{name%%-*}} $file"; fi
  done
  xmlsec1 --verify --enabled-key-data x509 --trusted-pem certificates/demo-ca.pem --verification-time "$AT" \
    --id-attr:Id http://www.mic.gov.vn/TBT/QCVN_102_2016:edXMLEnvelope \
    --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties $maps "$1/packet.edxml"
}}
for folder in packets/*; do echo "$folder: $(verdict seal "$folder")"; done
"""
_FORGERIES = r"""
for label in swapped changed broken; do echo "refused/$label: $(verdict seal "refused/$label")"; done
"""
_RECEIPTS = r"""
receipt() {{
  xmlsec1 --verify --enabled-key-data key-name --pubkey-cert-pem certificates/gateway.pem \
    --id-attr:Id urn:vn:truc:receipt:1:Receipt \
    --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties "$1"
}}
for file in receipts/*.xml; do echo "$file: $(verdict receipt "$file")"; done
"""
_CERTIFICATES = r"""
for file in certificates/*.pem; do
  echo "$file: $(verdict openssl verify -attime "$EPOCH" -CAfile certificates/demo-ca.pem "$file")"
done
"""
_CHECKPOINT = r"""
VKEY=$(cat ledger.vkey); NAME=${{VKEY%%+*}}; KEY=${{VKEY#*+*+}}
{{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; printf %s "$KEY" | base64 -d | tail -c 32; }} > key.der
sed '/^$/,$d' checkpoint > note.txt
grep -F -- "— $NAME " checkpoint | cut -d' ' -f3 | base64 -d | tail -c 64 > note.sig
signed() {{ openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in note.txt -sigfile note.sig; }}
echo "checkpoint: $(verdict signed)"
"""
_ENTRIES = r"""
python3 check_proofs.py checkpoint proofs/*.tlog-proof
"""
_PACKETS = r"""
sha() {{ sha256sum | cut -c1-64; }}
packet() {{
  echo truc-packet-v1
  echo "envelope $(sha < "$1/envelope.edxml")"
  for file in "$1"/[0-9]*-*; do
    if [ -f "$file" ]; then echo "attachment $(sha < "$file") $(wc -c < "$file")"; fi
  done
}}
agree() {{
  entry=$(grep -l -x "receipt: $(sha < "receipts/${{1##*/}}.xml")" proofs/*.txt) || return 1
  sender=$(openssl x509 -in "certificates/$(sed -n 's/^sender: //p' "$entry").pem" -outform DER | sha)
  grep -x "packet: $(packet "$1" | sha)" "$entry" && grep -x "seal_certificate: $sender" "$entry"
}}
for folder in packets/*; do echo "$folder = receipts/${{folder##*/}}.xml: $(verdict agree "$folder")"; done
"""
_STEPS = {
    "settings": _SETTINGS,
    "uris": _URIS,
    "seals": _SEALS,
    "forgeries": _FORGERIES,
    "receipts": _RECEIPTS,
    "certificates": _CERTIFICATES,
    "checkpoint": _CHECKPOINT,
    "entries": _ENTRIES,
    "packets": _PACKETS,
}
"""Each step's commands by the key of its text, in the order they are to be run, in one shell."""

_FILES = (
    ("packets/", "packets"),
    ("refused/", "refused"),
    ("receipts/", "receipts"),
    ("cases/", "cases"),
    ("proofs/", "proofs"),
    ("checkpoint, ledger.vkey", "checkpoint"),
    ("certificates/", "certificates"),
    ("summary.json", "summary"),
)


def readme(book: Book, at: datetime) -> bytes:
    """The page: what is there, what was sent, what checks it. `at`: an instant within the certificates' two days."""
    values = {"local": f"{at:%Y-%m-%d %H:%M:%S}", "epoch": str(int(at.timestamp()))}
    parts = [f"# {text('vi', 'demo.readme.title')} / {text('en', 'demo.readme.title')}", *_both("about")]
    parts += ["\n".join(["| | |", "|---|---|", *(f"| `{name}` | {_cell(f'file.{key}')} |" for name, key in _FILES)])]
    heading = " | ".join(_cell(key) for key in ("folder", "sender", "dispatch", "outcome"))
    parts += ["\n".join([f"| {heading} |", "|---|---|---|---|", *_sent(book), *_turned(book)])]
    for number, (step, commands) in enumerate(_STEPS.items()):
        parts += [f"## {number}. {_cell(f'step.{step}')}", *_both(f"why.{step}")]
        parts += [f"```sh\n{commands.strip(chr(10)).format_map(values)}\n```"]
    return ("\n\n".join([*parts, *_both("ours")]) + "\n").encode()


def _both(key: str) -> list[str]:
    return [text(lang, f"demo.readme.{key}") for lang in LANGUAGES]


def _cell(key: str) -> str:
    return " / ".join(_both(key))


def _sent(book: Book) -> list[str]:
    dispatches = {one.id: one for one in book.dispatches}
    rows = []
    for sent in book.sent:
        seen = dispatches[sent.accepted.dispatch_id]
        ended = ", ".join(f"{one.addressee}: {one.status}" for one in seen.deliveries)
        rows.append(f"| `packets/{sent.label}` | {sent.sender.short_name} {seen.code} | `{seen.id}` | {ended} |")
    return rows


def _turned(book: Book) -> list[str]:
    return [f"| `refused/{one.label}` | | | `{one.reason}` |" for one in book.turned]
