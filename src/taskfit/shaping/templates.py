"""Prompt templates of tasks: the fields of a request in, the text of its user message, and instructions, out.

A template is Jinja. It may hold two blocks, `{% block system %}` and `{% block user %}`: the first is put before the caller's own
instructions, the second becomes the text of the last user message. A template without blocks is the user's as a whole. What is no
text is written as JSON. Fields are data: what looks like a template in them stays as it is. Knows no request.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from taskfit.errors import ConfigurationError, InvalidRequest
from taskfit.values.task import TemplateUse

MAX_SOURCE_CHARS: Final = 200_000


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What a template gives; None for a block that it does not have."""

    user: str | None = None
    system: str | None = None


class PromptTemplate:
    """A task's template, compiled once. It reads nothing but what it is given, and takes bounded time and memory."""

    def __init__(self, use: TemplateUse, *, task: str) -> None:
        """Errors: ConfigurationError, with version and line, for a template that is broken or does what it may not."""
        from jinja2 import TemplateSyntaxError

        from taskfit.shaping import sandbox

        self.version = use.version
        self._task = task
        self._sandbox = sandbox
        if len(use.source) > MAX_SOURCE_CHARS:
            raise self._broken(1, f"longer than {MAX_SOURCE_CHARS} characters")
        try:
            self._template = sandbox.compile_template(use.source, use.version)
        except TemplateSyntaxError as error:
            raise self._broken(error.lineno, error.message or "cannot be read") from error
        except (RecursionError, OverflowError) as error:
            raise self._broken(1, "nested too deeply") from error

    def render(self, fields: Mapping[str, Any], *, param: str | None = None, hint: str = "") -> Rendered:
        """The texts for these fields. `param` is where they stand in the body; `hint` ends what is said of a missing one.

        Errors: InvalidRequest, which names the field that is missing, or says that the fields do not fit.
        """
        from jinja2 import TemplateError, UndefinedError

        try:
            return Rendered(**self._sandbox.render(self._template, fields))
        except UndefinedError as error:
            raise InvalidRequest(f"the task {self._task} needs the field {error.message}{hint}", param=param) from error
        except TemplateError as error:   # a bound of the sandbox; its message holds nothing of the fields
            raise self._unfit(error.message or "", param) from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError) as error:
            raise self._unfit(type(error).__name__, param) from error

    def _unfit(self, why: str, param: str | None) -> InvalidRequest:
        """The error's own text may quote a field, which no log may hold."""
        return InvalidRequest(f"the task {self._task} cannot make its prompt of these fields ({why})", param=param)

    def _broken(self, line: int, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self.version}:{line}  tasks.{self._task}.template: {what}")
