"""Shapes the requests of one task before any model sees them: required fields, then the template, then masking.

Knows no walk. A task that asks for nothing gets its requests back as they came.
"""

from typing import Final, NamedTuple

from taskfit.errors import TooLarge
from taskfit.shaping.fields import PLAIN_FIELD, object_of, read_fields
from taskfit.shaping.masking import Masking
from taskfit.shaping.personal import finder
from taskfit.shaping.templates import PromptTemplate
from taskfit.values.request import Request
from taskfit.values.task import Task
from taskfit.wire.texts import map_labels, map_texts, prompt_place, with_instructions, with_prompt

MOST_MASKED_CHARS: Final = 8_000_000
"""How much text of one request is gone over for personal data: some seconds' work at worst."""

_NO_OBJECT: Final = "; the last user message is no JSON object"


class Shaped(NamedTuple):
    """A request as models see it. `masking` puts back what was masked, None: nothing was. `template_version` None: there is no
    template."""

    request: Request
    masking: Masking | None = None
    template_version: str | None = None


class Shaper:
    """Shapes for one task; made once."""

    def __init__(self, task: Task) -> None:
        """Errors: ConfigurationError for a broken template, a kind that is not known, a package that is missing."""
        self._task = task.name
        self._required = task.bounds.required
        self._mask = task.mask
        self._template = None if task.template is None else PromptTemplate(task.template, task=task.name)
        if self._mask:
            finder(self._mask)
        self._is_idle = not (self._required or self._mask or self._template)

    def shape(self, request: Request) -> Shaped:
        """The request as models shall see it.

        Errors: InvalidRequest for fields that are missing or do not fit; TooLarge for more text than is masked.
        """
        if self._is_idle:
            return Shaped(request)
        if self._required:
            read_fields(request, self._required, task=self._task)
        shaped = request if self._template is None else _filled(request, self._template)
        masking = Masking(self._mask) if self._mask else None
        if masking is not None:
            mask = _Bounded(masking)
            shaped = map_labels(map_texts(shaped, mask), mask)
        if masking is not None and masking.is_empty:
            masking = None
        return Shaped(shaped, masking, None if self._template is None else self._template.version)


class _Bounded:
    """Masks the texts of one request, up to a bound."""

    def __init__(self, masking: Masking) -> None:
        self._masking = masking
        self._left = MOST_MASKED_CHARS

    def __call__(self, text: str) -> str:
        """Errors: TooLarge."""
        self._left -= len(text)
        if self._left < 0:
            raise TooLarge(f"this task masks personal data, and takes at most {MOST_MASKED_CHARS} characters of text")
        return self._masking.mask(text)


def _filled(request: Request, template: PromptTemplate) -> Request:
    place, fields = prompt_place(request), object_of(request)
    if fields is None:
        rendered = template.render({PLAIN_FIELD: request.outline.prompt}, param=place, hint=_NO_OBJECT)
    else:
        rendered = template.render(fields, param=place)
    if rendered.user is not None:
        request = with_prompt(request, rendered.user)
    return request if rendered.system is None else with_instructions(request, rendered.system)
