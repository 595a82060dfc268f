"""Nasty strings: what people, programs and attackers put into fields that are meant for words.

Written for this project, one of each kind that has broken some system: what a packet or a JSON text can hold,
and what XML refuses however it is spelled.
"""

from __future__ import annotations

RIGHT_TO_LEFT, POP, ISOLATE = "\u202e", "\u202c", "\u2066"

STRINGS: dict[str, str] = {
    # what a page would run
    "script": "<script>alert(1)</script>",
    "script_closing": "</script><script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "attribute": "' onmouseover='alert(1)",
    "javascript": "javascript:alert(document.domain)",
    "svg": "<svg/onload=alert(1)>",
    "template": "{{ 7 * 7 }} ${7*7} <%= 7*7 %> {% raw %}",
    "entity": "&lt;b&gt; &amp;amp; &nbsp; &#60;",
    "comment": "<!-- --> --!>",
    "cdata": "]]> <![CDATA[ x ]]>",
    "style": "</style><style>*{display:none}</style>",
    # what a spreadsheet, a shell, a database or a formatter would run
    "formula": '=HYPERLINK("http://example.org","x")',
    "formula_plus": "+1+1",
    "formula_at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula_minus": "-2+3+cmd|' /C calc'!A0",
    "sql": "'; DROP TABLE dispatches; --",
    "sql_union": "1 UNION SELECT name FROM sqlite_master",
    "like": "%_\\%",
    "shell": "$(touch /tmp/x) `id` ; rm -rf / | true && false",
    "path": "../../../../etc/passwd",
    "windows_path": "..\\..\\CON\\NUL",
    "printf": "%s%s%n%x %(name)s %d",
    "braces": "{0} {name} {self.__class__} {",
    "log4j": "${jndi:ldap://example.org/a}",
    "ldap": "*)(uid=*))(|(uid=*",
    "xpath": "' or '1'='1",
    "json": '{"a": [1, "\\u0000"]}',
    "url": "http://user:pass@[::1]:99999/?a=b#c",
    "header": "x: y",
    "backslashes": "\\\\\\n\\r\\t\\0",
    # what breaks a line or steers a terminal, as far as XML holds it
    "tab": "a\tb",
    "line_feed": "first\nsecond",
    "return": "first\rsecond",
    "both": "first\r\n2026-11-23 [info] request status=201",
    "next_line": "first\u0085second",
    "line_separator": "first\u2028second\u2029third",
    "c1": "\u009b31mred\u009d0;title\u009c",
    "delete": "a\u007fb",
    # what cannot be seen, or is seen in another order
    "right_to_left_override": f"vanban{RIGHT_TO_LEFT}fdp.exe",
    "embedding": "\u202aabc\u202b def" + POP,
    "isolates": f"{ISOLATE}abc\u2069 \u2067def\u2068",
    "zero_width": "van\u200bban\u200c\u200d\u2060",
    "byte_order_mark": "\ufeffabc",
    "soft_hyphen": "van\u00adban",
    "tags": "a\U000e0041\U000e0042\U000e007f",
    "variation": "a\ufe0f\U000e0100",
    "invisible_operators": "a\u2061\u2062\u2063\u2064b",
    "hangul_filler": "\u3164\u115f\uffa0",
    # blanks that are none, and none that are
    "only_blank": "\u00a0\u2003\u3000",
    "unusual_spaces": "a\u00a0b\u1680c\u2000d\u202fe\u205ff\u3000g",
    "blanks_around": "  hai đầu  ",
    # twins: the same to the eye
    "decomposed": "Nguye\u0302\u0303n Thi\u0323 A\u0301nh",
    "composed": "Nguyễn Thị Ánh",
    "tone_order": "o\u0323\u031b a\u0302\u0323",
    "old_tone": "hoà, uỷ, thuý",
    "eth": "Ðông \u00d0 \u0189 Đ",
    "cyrillic": "Нguуеn Vаn А",
    "greek": "Αgency Οne",
    "full_width": "ＡＢＣ１２３／",
    "mathematical": "\U0001d54d\U0001d552\U0001d55f",
    "ligature": "ﬁle ŉ ǆ",
    "kelvin": "\u212a \u2126 \u212b",
    "sharp_s": "STRASSE straße ẞ",
    "turkish_i": "İıIi",
    # many, large, rare
    "combining_flood": "Z" + "\u0300\u0301\u0302\u0303\u0323" * 60,
    "emoji": "👩\u200d👩\u200d👧\u200d👦 🇻🇳 👍🏽 🏴\U000e0067\U000e0062\U000e007f",
    "astral": "𠀋𪚥 \U0001f600 \U0010fffd",
    "private_use": "\ue000\uf8ff\U000f0000",
    "replacement": "\ufffd\ufffd",
    "mixed_scripts": "văn 文 कागज़ เอกสาร مستند dokument",
    "arabic": "وثيقة رقم ١٢٣",
    "numbers": "NaN Infinity -0 1e309 0x41 １２",
    "null_words": "null None undefined nil NULL",
    "true_word": "true",
    "empty": "",
    "one_blank": " ",
    "long": "văn bản " * 200,
    "very_long": "a" * 40_000,
    "long_word": "ă" * 3_000,
    "quotes": "\"'`´‘’“”«»„",
    "percent": "%00%0a%0d%1b%2e%2e%2f %",
    "plus": "a+b c%20d",
}
"""What XML and JSON can hold, by name."""

FORBIDDEN: dict[str, str] = {
    "null": "a\x00b",
    "bell": "a\x07b",
    "backspace": "a\x08\x08b",
    "vertical_tab": "a\x0bb",
    "form_feed": "a\x0cb",
    "escape": "a\x1b[31mred\x1b[0m",
    "osc": "a\x1b]0;title\x07b",
    "unit_separator": "a\x1fb",
    "lone_surrogate": "a\ud800b",
    "reversed_pair": "a\udc00\ud800b",
    "noncharacter": "a\ufffeb\uffff",
}
"""What no XML holds, written or referred to."""

REFERENCES: tuple[str, ...] = (
    *("&#0;", "&#x0;", "&#8;", "&#x1b;", "&#11;", "&#xD800;", "&#55296;", "&#xDFFF;", "&#xFFFE;", "&#xFFFF;"),
    *("&#x110000;", "&#99999999999999999999;", "&#xD83D;&#xDE00;", "&nbsp;", "&xxe;", "&#;", "&", "&#x;", "&lt"),
)
"""Spellings of characters that are none, or of entities nobody declared."""
