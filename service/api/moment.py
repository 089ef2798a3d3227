"""A time in a request, as it is written in all of them: RFC 3339, never a number."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _must_be_written(value: Any) -> Any:
    # Pydantic takes a number for seconds, or for milliseconds where it is large.
    if not (isinstance(value, str) and _WRITTEN.match(value)):
        raise ValueError("expected RFC 3339")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_must_be_written)]
