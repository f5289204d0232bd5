"""The small JSON documents of commands that have no view of their own.

Called by the commands. ASCII only, so that printing one on a terminal is harmless.
"""

import json

import msgspec


def document(schema: str, **content: object) -> bytes:
    """Write ``content`` as a document that names its schema first."""
    plain = msgspec.to_builtins({"schema": schema, **content})
    return (json.dumps(plain, indent=2) + "\n").encode()
