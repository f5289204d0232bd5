"""Whether a request is Slack's own: its signature, and its age. Pure; called by the Messenger.

The same request twice is within the time window still: that is for the event's id, which counts
once.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import Unidentified

WINDOW = 300.0
"""Seconds by which a request's time may differ from ours."""

_STAMP = re.compile(r"[0-9]{1,12}", re.ASCII)


def check(headers: Mapping[str, str], body: bytes, secret: Sensitive, *, now: datetime) -> None:
    """Return if Slack signed this body a short while ago; Unidentified if not."""
    given = {name.lower(): value for name, value in headers.items()}
    stamp = given.get("x-slack-request-timestamp", "")
    if not _STAMP.fullmatch(stamp) or abs(now.timestamp() - int(stamp)) > WINDOW:
        raise Unidentified("the request has no time of now", where="X-Slack-Request-Timestamp")
    key = secret.reveal().strip().encode()
    if not key:
        raise Unidentified("the signing secret is empty", where="signing_secret")
    made = hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    said = given.get("x-slack-signature", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(b"v0=" + made.encode(), said):
        raise Unidentified("the request is not signed by Slack", where="X-Slack-Signature")
