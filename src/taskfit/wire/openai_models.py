"""What OpenAI's models take, by their names: those that think refuse settings that others take. Knows no requests.

Source: OpenAI's guides to its reasoning models and to GPT-5.4 ("parameter compatibility"), and its 400s as users quote them,
November 2026: o-series and GPT-5 take neither temperature nor logprobs; from 5.1 on a model takes them where its effort is none,
which is what it is unless it is set; the pro and codex ones always think. None of all these takes `max_tokens`. Models of other
vendors take what this API has.
"""

import re

_NEWER = re.compile(r"(?:o\d|gpt-(\d+)(?:\.(\d+))?)(?=[-.:@]|$)")


def is_newer(model: str) -> bool:
    """Whether the model wants `max_completion_tokens`: the o-series, and GPT from 5 on. Also for `provider/model`."""
    found = _NEWER.match(_name(model))
    return found is not None and (found[1] is None or int(found[1]) >= 5)


def samples(model: str, effort: str | None = None) -> bool:
    """Whether the model takes temperature and logprobs; `effort` is that of the request, None where it says nothing."""
    name = _name(model)
    if not is_newer(model) or "-chat" in name:
        return True
    found = _NEWER.match(name)
    version = (0, 0) if found is None else (int(found[1] or 0), int(found[2] or 0))
    return version >= (5, 1) and effort in (None, "none") and "-pro" not in name and "-codex" not in name


def _name(model: str) -> str:
    return model.rpartition("/")[2].lower()
