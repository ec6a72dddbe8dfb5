"""The table of personal data and secrets: what each kind looks like, what decides, and a sample of it.

A pattern is RE2 and has at most one group: then only what is in it counts, and what is around it is the context that it needs.
A text is searched as `views` gives it: escapes of JSON read, spaces, dashes, dots and digits of any script as those of ASCII. To
add a kind, add a row.

Left out on purpose, because they are found wrongly more often than rightly without a model: names of people, streets, dates.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from taskfit.shaping import plausible

_LETTER: Final = r"\p{Latin}\p{Greek}\p{Cyrillic}"
_APART: Final = r"(?:^|[^\w.\-]|(?:^|[^0-9])[.\-])"
"""What stands before a number that is neither the end of a word nor the decimals of another number."""

_GAP: Final = r"[ ().\-/]"
_SEP: Final = r"[ \t.\-]{0,2}"
"""What may stand between the groups of a number that has check digits."""

TOKENS: Final = (
    r"sk-(?:ant-|proj-|svcacct-|admin-|or-)?[\w\-]{20,}",                # OpenAI, Anthropic, OpenRouter, DeepSeek
    r"gh[opsur]_\w{36,}", r"github_pat_\w{22,}",                         # GitHub
    r"gl(?:pat|ptt|rt|dt|oas|cbt|ft|soat)-[\w\-]{20,}",                  # GitLab
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[0-9A-Z]{16}",  # Amazon
    r"AIza[\w\-]{35}", r"ya29\.[\w\-]{20,}", r"GOCSPX-[\w\-]{28}",       # Google
    r"xox[abeoprs]-[0-9A-Za-z\-]{10,}", r"xapp-[0-9]-[0-9A-Za-z\-]{20,}",  # Slack
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,}", r"whsec_[0-9A-Za-z]{24,}",  # Stripe
    r"SG\.[\w\-]{16,}\.[\w\-]{16,}", r"(?:AC|SK)[0-9a-f]{32}",           # SendGrid, Twilio
    r"npm_[0-9A-Za-z]{36}", r"pypi-AgEI[\w\-]{50,}", r"dckr_pat_[\w\-]{20,}",
    r"hf_[0-9A-Za-z]{30,}", r"gsk_[0-9A-Za-z]{40,}", r"xai-[0-9A-Za-z]{40,}", r"pplx-[0-9A-Za-z]{40,}", r"r8_[0-9A-Za-z]{36,}",
    r"dop_v1_[0-9a-f]{64}", r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}", r"[0-9]{8,10}:AA[\w\-]{33}",
    r"eyJ[\w\-]{8,}\.eyJ[\w\-]{8,}\.[\w\-]{8,}",                         # a signed JSON Web Token
)  # fmt: skip
"""Keys that are known by how they begin, as their vendors document it or as GitHub's secret scanning lists it (2026)."""

_PRIVATE: Final = r"[A-Z ]{0,32}PRIVATE KEY(?: BLOCK)?"
_NOUN: Final = r"phone|tel(?:ephone|efon)?|mobile?|handy|cell|whatsapp|fax"
_WORD: Final = (
    rf"(?:\b(?i:{_NOUN}|call|ph|contact|dial)|_(?i:{_NOUN})|[a-z0-9](?:Phone|Tel(?:ephone|efon)?|Mobile?|Handy|Cell|Whats[Aa]pp|Fax))"
)
"""Also at the end of a key: `contact_phone`, `customerPhone`."""

_SECRET_KEY: Final = r"(?:secret|(?:secret|access|api|private|account|auth|encryption|signing)[_\-]?(?:key|token))"


class Row(NamedTuple):
    """One look of one kind. `label` names it in placeholders; `extent` says how much of a match is the thing.

    `sample` holds one of it, and nothing else that this row finds.
    """

    kind: str
    label: str
    pattern: str
    extent: Callable[[str], int]
    sample: str


ROWS: Final = (
    Row(
        "email", "EMAIL",
        rf"[{_LETTER}0-9._%+\-]+(?:@|%40)[{_LETTER}0-9\-]+(?:\.[{_LETTER}0-9\-]+)*\.(?:xn--[0-9a-z\-]+|[{_LETTER}]{{2,}})",
        plausible.email, "write to jane.doe+news@mail.example.org today",
    ),
    Row(
        "phone", "PHONE", rf"(?:^|[^\w+])(\+[1-9](?:{_GAP}{{0,2}}[0-9]){{6,14}})\b",
        plausible.international_phone, "reach me at +49 (0)30 901820-12",
    ),
    Row(
        "phone", "PHONE", rf"(?:^|[^\w.+\- ]|(?:^|[^0-9]) )(00[1-9](?:{_GAP}{{0,2}}[0-9]){{6,14}})\b",
        plausible.dialled_phone, "from abroad 0049 30 901820 12",
    ),
    Row(
        "phone", "PHONE", r"(?:^|[^\w.+\-])((?:1[ .\-])?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[.\-])[2-9][0-9]{2}[ .\-][0-9]{4})\b",
        plausible.anything, "the desk is at (212) 555-0142 until six",
    ),
    Row(
        "phone", "PHONE", r"(?:^|[^\w.+\- ]|(?:^|[^0-9]) )(\(?0[1-9][0-9]{0,4}\)?(?:(?: ?[/\-] ?|[ .])[0-9]{2,8}){1,4})\b",
        plausible.national_phone, "rufen Sie 030 / 901820 12 an",
    ),
    Row(
        "phone", "PHONE",
        rf"{_WORD}(?i:[ _]?(?:number|num|no|nr)|[ _](?:me|us|him|her|at|on|is))*"
        rf"[\s:.#=\"']{{0,4}}(\(?[0-9](?:{_GAP}{{0,2}}[0-9]){{6,14}})\b",
        plausible.named_phone, "mobile: 9876543210, any time",
    ),
    Row(
        "phone", "PHONE", rf"{_APART}([6-9][0-9]{{4}}-[0-9]{{5}})(?:$|[^\w=+*/.\-])", plausible.anything,
        "in Pune 98765-43210 works",
    ),
    Row(
        "card", "CARD",
        rf"{_APART}([2-6][0-9]{{3}}{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}}(?:{_SEP}[0-9]{{1,3}})?"
        rf"|3[47][0-9]{{2}}{_SEP}[0-9]{{6}}{_SEP}[0-9]{{5}}|3[0689][0-9]{{2}}{_SEP}[0-9]{{6}}{_SEP}[0-9]{{4}})\b",
        plausible.card, "charge 4111 1111 1111 1111 please",
    ),
    Row(
        "iban", "IBAN", rf"(?i)\b[a-z]{{2}}{_SEP}[0-9]{{2}}(?:{_SEP}[0-9a-z]{{4}}){{2,7}}(?:{_SEP}[0-9a-z]{{1,3}})?\b",
        plausible.account, "pay to DE89 3704 0044 0532 0130 00 bitte",
    ),
    Row(
        "ssn", "SSN", _APART + r"([0-8][0-9]{2} ?[.\-] ?[0-9]{2} ?[.\-] ?[0-9]{4})\b", plausible.social_security,
        "her number is 219-09-9999 since 1990",
    ),
    Row(
        "ssn", "SSN",
        r"(?:^|[^\w.+\- ]|(?:^|[^0-9 ]) {1,2})([0-8][0-9]{2} {1,2}[0-9]{2} {1,2}[0-9]{4})(?:$|[^\w ]| {1,2}(?:$|[^0-9 ]))",
        plausible.social_security, "it says 219 09 9999 on the form",
    ),
    Row(
        "ssn", "SSN",
        r"(?:(?:\b|_)(?i:ssn|social[ _]?security)|[a-z0-9](?:Ssn|SSN|SocialSecurity))(?i:[ _]?(?:number|num|no\.?|is|was))*"
        rf"[\s:#=\"']{{0,4}}([0-8][0-9]{{2}}{_SEP}[0-9]{{2}}{_SEP}[0-9]{{4}})\b",
        plausible.social_security, "SSN is 219099999 on file",
    ),
    Row(
        "ip", "IP", r"(?:^|[^\w.])((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:$|[^\w.]|\.(?:$|[^0-9]))",
        plausible.ip4, "the login came from 203.0.113.77.",
    ),
    Row(
        "ip", "IP", r"(?i)(?:^|[^\w:.])([0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8})",
        plausible.ip6, "or from 2001:db8::8a2e:370:7334, they say",
    ),
    Row(
        "login", "LOGIN", r"://((?:[^\s/:@\"'<>\\]*:[^\s/@\"'<>\\]+|[^\s/:@\"'<>\\]+:)@[^\s/:@\"'<>\\]+)", plausible.anything,
        "postgres://app:s3cret@db.internal/prod",
    ),
    Row(
        "secret", "SECRET", rf"\b(?:{'|'.join(TOKENS)})", plausible.anything,
        "export KEY=sk-proj-abcdefghijklmnopqrstuvwx",
    ),
    Row(
        "secret", "SECRET", r"(?i)\b(?:bearer|basic) ([\w\-.~+/]{20,}=*)", plausible.anything,
        "Authorization: Bearer mF_9.B5f-4.1JqM0123456789",
    ),
    Row(
        "secret", "SECRET", rf"(?i){_SECRET_KEY}[\"']?[ \t]{{0,2}}[:=][ \t]{{0,2}}[\"']?([\w\-.~+/]{{16,}}=*)",
        plausible.keyed_secret, "aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    Row(
        "secret", "SECRET",
        rf"-----BEGIN {_PRIVATE}-----(?:-?[\w+/=\s\\,:()])*(?:-----END {_PRIVATE}-----)?",
        plausible.anything, "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/IBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    ),
    Row(
        "wallet", "WALLET", r"\b[13][1-9A-HJ-NP-Za-km-z]{25,34}\b", plausible.bitcoin,
        "to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa only",
    ),
    Row(
        "wallet", "WALLET", r"\bbc1[02-9ac-hj-np-z]{11,71}\b", plausible.segwit,
        "to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq only",
    ),
    Row(
        "wallet", "WALLET", r"\b0x[0-9A-Fa-f]{40}\b", plausible.anything, "to 0x52908400098527886E0F7030069857D2E4169EE7 only",
    ),
    Row(
        "aadhaar", "AADHAAR", _APART + rf"([2-9][0-9]{{3}}{_SEP}[0-9]{{4}}{_SEP}[0-9]{{4}})\b", plausible.aadhaar_number,
        "UID 2345 6789 0124 was given",
    ),
    Row("pan", "PAN", r"\b[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]\b", plausible.anything, "PAN ABCPD1234E on the invoice"),
    Row(
        "de_tax_id", "TAXID", _APART + r"([1-9][0-9] ?[0-9]{3} ?[0-9]{3} ?[0-9]{3})\b", plausible.german_tax_id,
        "IdNr. 86 095 742 719 im Bescheid",
    ),
)  # fmt: skip

KINDS: Final = tuple(dict.fromkeys(row.kind for row in ROWS))
"""The kinds that this table finds, in its order."""
