"""The texts of a request in its own body, and those of an answer, to be changed where they stand.

Knows the places of all dialects that clients speak; knows no reason to change a text.
"""

from taskfit.wire.texts.answers import map_answer
from taskfit.wire.texts.prompts import prompt_place, with_instructions, with_prompt
from taskfit.wire.texts.requests import Change, map_labels, map_texts, mapped_bytes

__all__ = ["Change", "map_answer", "map_labels", "map_texts", "mapped_bytes", "prompt_place", "with_instructions", "with_prompt"]
