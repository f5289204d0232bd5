"""Shows the log with ``--verbose``: one line per event, with its fields, on standard error.

Called by ``session``. Whoever calls the engine as a library attaches handlers of their own to the
logger ``smartspec_rollback``; without one, the events are nobody's concern.
"""

import logging

from smartspec_rollback.cli.output import Output

FIELDS = ("rollback", "seq", "step", "operation", "attempt", "seconds")
"""The fields that events may have beside ``action``."""


class LogLines(logging.Handler):
    """Writes events as ``action field=value ...: message``."""

    def __init__(self, output: Output) -> None:
        """Write to ``output``, which takes out what could steer a terminal."""
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event."""
        fields = ((name, getattr(record, name, None)) for name in FIELDS)
        told = "".join(f" {name}={value}" for name, value in fields if value is not None)
        action = getattr(record, "action", record.name)
        self._output.note(f"log: {action}{told}: {record.getMessage()}")


def show(output: Output) -> None:
    """Show events from now on, instead of a display that moves."""
    output.logging = True
    logger = logging.getLogger("smartspec_rollback")
    logger.setLevel(logging.INFO)
    logger.handlers = [LogLines(output)]
