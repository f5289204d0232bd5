"""Reading forms, and telling whether one is of the session that sends it.

Used by the guard for every request that a cookie vouches for, and by the login.
"""

import hmac
from urllib.parse import parse_qs

from starlette.datastructures import Headers

CSRF_HEADER = "x-csrf-token"
"""Where a script of ours repeats its session's token."""

CSRF_FIELD = "csrf_token"
"""Where a form of ours repeats it."""

_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200


def fields_of(content: bytes) -> dict[str, str]:
    """Read a form's fields, the first of each name; ValueError where it is none."""
    found = parse_qs(content.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    return {name: values[0] for name, values in found.items()}


def why_not_ours(headers: Headers, content: bytes, expected: str) -> str:
    """Say why a request does not repeat its session's token; nothing where it does."""
    given = headers.get(CSRF_HEADER, "")
    if not given and headers.get("content-type", "").partition(";")[0].strip() == _FORM:
        try:
            given = fields_of(content).get(CSRF_FIELD, "")
        except ValueError:
            return "the form cannot be read"
    if not given:
        return "the form's token is missing; open the page again"
    if not hmac.compare_digest(given.encode(), expected.encode()):
        return "the form is of another session; open the page again"
    return ""
