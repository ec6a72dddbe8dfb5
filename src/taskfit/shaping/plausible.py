"""How much of what a pattern found really is what it looks like. Patterns propose, these decide: check digits, networks, ranges.

Each takes the matched text and gives how many of its characters, from the first one on, are the thing; 0 for none. Knows no
pattern and no text around it.
"""

import re
from hashlib import sha256
from typing import Final

from taskfit.rules.checksums import IBAN_LENGTHS, aadhaar, iban, luhn

_NO_PHONE: Final = re.compile(
    r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}|[0-9]{1,2}[./-](?:19|20)[0-9]{2}|[0-9]{5}-[0-9]{4}$"
)
"""Dates, months, and ZIP codes with four digits more."""

_LAST_GROUP: Final = re.compile(r"[ \t.\-]{1,2}[0-9]+\Z")
_ASSET: Final = re.compile(r"@[0-9]x\.[a-z]+$")
_BASE58: Final = {sign: value for value, sign in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_BECH32: Final = {sign: value for value, sign in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_BECH32_STEPS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_RESTS: Final = (1, 0x2BC830A3)


def anything(text: str) -> int:
    """The pattern says it all."""
    return len(text)


def email(text: str) -> int:
    """Neither the user of a git server nor an image for a dense screen (`icon@2x.png`)."""
    return 0 if text.startswith("git@") or _ASSET.search(text) else len(text)


def international_phone(text: str) -> int:
    """8 to 15 digits; in North America 11. Source: ITU-T E.164."""
    digits = _digits(text)
    return len(text) if (len(digits) == 11 if digits[0] == "1" else 8 <= len(digits) <= 15) else 0


def dialled_phone(text: str) -> int:
    """As `international_phone`, with two zeros for the plus."""
    return len(text) if international_phone(text[2:]) else 0


def keyed_secret(text: str) -> int:
    """What is said to be a key has letters and digits; else it is a word, the name of a variable or a number."""
    return len(text) if re.search("[0-9]", text) and re.search("[A-Za-z]", text) else 0


def national_phone(text: str) -> int:
    """A number with its leading zero: 9 to 12 digits, and neither a date nor a ZIP code."""
    return len(text) if 9 <= len(_digits(text)) <= 12 and not _NO_PHONE.match(text) else 0


def named_phone(text: str) -> int:
    """What stands after a word such as "phone": 7 to 15 digits, and no date."""
    return len(text) if 7 <= len(_digits(text)) <= 15 and not _NO_PHONE.match(text) else 0


def card(text: str) -> int:
    """A number of a network's range and length, by Luhn's formula; a group after it may belong to something else.

    Source: ISO/IEC 7812-1; the ranges as the networks publish them (2026).
    """
    for end in _ends(text):
        digits = _digits(text[:end])
        if len(digits) in _card_lengths(digits) and luhn(digits):
            return end
    return 0


def account(text: str) -> int:
    """An IBAN; words that stand after it are not part of it."""
    length = IBAN_LENGTHS.get(text[:2].upper(), 0)
    end = _end_of(text, length)
    is_whole = end == len(text) or not text[end].isalnum()
    return end if end and is_whole and iban("".join([sign for sign in text[:end] if sign.isalnum()])) else 0


def social_security(text: str) -> int:
    """Areas, groups and serials that are given out. Source: 20 CFR 422.103 and SSA's notes on randomisation (2011)."""
    digits = _digits(text)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return len(text) if area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000" else 0


def ip4(text: str) -> int:
    """An address of a host: no loopback, netmask or network. Four small numbers are a version or a section."""
    octets = [int(octet) for octet in text.split(".")]
    is_address = max(octets) <= 255 and (max(octets) >= 32 or octets[0] == 10)
    is_host = is_address and octets[0] not in (0, 127, 255) and any(octets[1:])
    return len(text) if is_host else 0


def ip6(text: str) -> int:
    """An address that belongs to somebody: global, local to a site or to a link. Source: RFC 4291, RFC 4193."""
    from ipaddress import AddressValueError, IPv6Address

    said = text[:-1] if text.endswith(":") and not text.endswith("::") else text
    try:
        high = int(IPv6Address(said)) >> 112
    except AddressValueError:
        return 0
    return len(said) if 0x2000 <= high < 0x4000 or 0xFC00 <= high < 0xFE00 or 0xFE80 <= high < 0xFEC0 else 0


def bitcoin(text: str) -> int:
    """By the four bytes of SHA-256 at its end. Source: Bitcoin's Base58Check."""
    value = 0
    for sign in text:
        value = value * 58 + _BASE58[sign]
    if value >> 200:
        return 0
    whole = value.to_bytes(25, "big")
    return len(text) if sha256(sha256(whole[:21]).digest()).digest()[:4] == whole[21:] else 0


def segwit(text: str) -> int:
    """By the checksum of its six last letters. Source: BIP 173, BIP 350."""
    prefix, _, rest = text.lower().partition("1")
    values = [*(ord(sign) >> 5 for sign in prefix), 0, *(ord(sign) & 31 for sign in prefix), *(_BECH32[sign] for sign in rest)]
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for place, step in enumerate(_BECH32_STEPS):
            check ^= step if top >> place & 1 else 0
    return len(text) if check in _BECH32_RESTS else 0


def aadhaar_number(text: str) -> int:
    """By Verhoeff's scheme."""
    return len(text) if aadhaar(_digits(text)) else 0


def german_tax_id(text: str) -> int:
    """11 digits; of the first ten one comes two or three times, the others once at most; the last by ISO 7064 MOD 11,10.

    Source: Bundeszentralamt für Steuern, Informationen zur Berechnung gültiger Prüfziffern.
    """
    digits = _digits(text)
    counts = sorted([digits[:10].count(digit) for digit in set(digits[:10])])
    if len(digits) != 11 or counts[-1] not in (2, 3) or (len(counts) > 1 and counts[-2] != 1):
        return 0
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return len(text) if (11 - product) % 10 == int(digits[10]) else 0


def _digits(text: str) -> str:
    return "".join([sign for sign in text if "0" <= sign <= "9"])


def _ends(text: str) -> list[int]:
    """Where the thing may end: at the end, or before the last group."""
    return [len(text), match.start()] if (match := _LAST_GROUP.search(text)) else [len(text)]


def _end_of(text: str, letters: int) -> int:
    """Where that many letters and digits have passed; 0 where there are fewer."""
    for place, sign in enumerate(text, start=1):
        letters -= sign.isalnum()
        if not letters:
            return place
    return 0


def _card_lengths(digits: str) -> tuple[int, ...]:
    """How long the numbers of the network are."""
    two, four = int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return (16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return (16,)
    if two in (34, 37):
        return (15,)
    if two in (36, 38, 39) or 3000 <= four <= 3059:
        return (14, 16)
    if 2200 <= four <= 2204 or 3528 <= four <= 3589 or digits[0] == "6" or two == 50 or 56 <= two <= 58:
        return (16, 17, 18, 19)
    return ()
