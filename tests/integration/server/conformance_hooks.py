"""What schemathesis is told about this API; loaded by its own process.

Texts that are free but printable; and most ids are such as the server knows, so that more
than "unknown" is met.
"""

import json
import os
import zlib
from typing import Any

import schemathesis
from hypothesis import strategies as st

_UNPRINTABLE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")
_KNOWN: dict[str, str] = json.loads(os.environ["SMARTSPEC_KNOWN_IDS"])

schemathesis.openapi.format(
    "printable-text",
    st.text(st.characters(codec="utf-8", exclude_categories=_UNPRINTABLE), min_size=1, max_size=80),
)


def _some_known(given: Any) -> Any:
    if not isinstance(given, dict) or zlib.crc32(repr(given).encode()) % 4 == 0:
        return given
    return {**given, **{name: known for name, known in _KNOWN.items() if name in given}}


@schemathesis.hook
def map_path_parameters(_: schemathesis.HookContext, path_parameters: Any) -> Any:
    """Ask for what there is."""
    return _some_known(path_parameters)


@schemathesis.hook
def map_body(_: schemathesis.HookContext, body: Any) -> Any:
    """Name what there is."""
    return _some_known(body)
