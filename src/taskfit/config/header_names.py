"""Which header fields a task may be recognised by. Knows no request."""

import re

import msgspec

from taskfit.config.keys import HEADER_NAME

NAME = re.compile(HEADER_NAME)
SECRET = re.compile(
    r"authori[sz]ation|authentication|(^|-)auth(-|$)|cookie|secret|token|passw|api-?key|credential|signature|assertion|jwt|bearer"
    r"|(^|-)(key|otp|pwd)(-|$)"
)
"""What holds keys, whatever its exact name is: `authorization`, `x-api-key`, `x-amz-security-token`."""
OWN = "x-taskfit-"
KEYS = {"surface": "surface", "plan": "plan", "session": "when: request.session", "task": "nothing: it names its task"}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a header cannot be used."""

    wanted: str
    try_: str = ""


def problem_with(name: str) -> Problem | None:
    """What is wrong with the name of a header, in lower case; None where nothing is."""
    if not NAME.fullmatch(name):
        return Problem(wanted="the name of a header: letters, digits and hyphens", try_="x-tenant")
    if SECRET.search(name):
        return Problem(wanted="a header that holds no key", try_="key, the id or the name of a key of the gateway")
    if name.startswith(OWN):
        return Problem(wanted="a header of your own", try_=KEYS.get(name.removeprefix(OWN), "x-tenant"))
    return None
