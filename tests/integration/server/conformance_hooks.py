"""What schemathesis is told about this API; loaded by its own process.

Texts that are free but printable; and most ids are such as the server knows, so that more
than "unknown" is met.
"""

import json
import os
import re
import zlib
from typing import Any

import schemathesis
from hypothesis import strategies as st

from smartspec_rollback.server.api.fields import NAME_PATTERN

_KNOWN: dict[str, str] = json.loads(os.environ["SMARTSPEC_KNOWN_IDS"])

schemathesis.openapi.format(
    "printable-text",
    st.text(
        st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S")), min_size=1, max_size=80
    ),
)


def _some_known(given: Any) -> Any:
    if not isinstance(given, dict) or zlib.crc32(repr(given).encode()) % 4 == 0:
        return given
    return {
        name: _KNOWN[name] if name in _KNOWN and _is_name(value) else value
        for name, value in given.items()
    }


def _is_name(value: Any) -> bool:
    """Tell whether a name is as it should be: one that is wrong on purpose stays so."""
    return isinstance(value, str) and re.fullmatch(NAME_PATTERN, value) is not None


@schemathesis.hook
def map_path_parameters(_: schemathesis.HookContext, path_parameters: Any) -> Any:
    """Ask for what there is."""
    return _some_known(path_parameters)


@schemathesis.hook
def map_body(_: schemathesis.HookContext, body: Any) -> Any:
    """Name what there is."""
    return _some_known(body)
