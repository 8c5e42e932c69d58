"""One error for everything that is refused, and the sentence that a person reads. A refusal travels
as a code with parameters, so that it is written in the reader's language where it is shown. Not for
bugs: those stay ordinary exceptions; nor for how the API writes a refusal down: see problems.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext

from ourvidz.messages import MESSAGES, SPOKEN


class Refused(Exception):
    """A request that cannot be done, for a reason that the person can do something about.

    `code` names the sentence, `params` fill it. `field` says which input it is about.
    """

    def __init__(self, code: str, *, field: str = "", **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.field = field
        self.params = params

    @property
    def status(self) -> int:
        """The HTTP status of the refusal."""
        return MESSAGES[self.code][0]

    def __str__(self) -> str:
        return sentence(self.code, self.params)


def sentence(code: str, params: Mapping[str, Any] | None = None) -> str:
    """Return the words for a code, in the language of whoever reads now."""
    template = MESSAGES.get(code, MESSAGES["unknown"])[1]
    known = {name: _spoken(name, value) for name, value in (params or {}).items()}
    try:
        return str(template) % known
    except (KeyError, TypeError, ValueError):
        # A worker of another release may know other parameters: better a bare sentence than none.
        return str(MESSAGES["unknown"][1])


def _spoken(name: str, value: Any) -> Any:
    """A parameter in the reader's language, where it is one of our own words."""
    return gettext(value) if name in SPOKEN and value and isinstance(value, str) else value
