"""Serving a ledger until told to stop: what ``smartspec serve`` does around ``server.process``."""

import os

from smartspec_rollback.cli.documents import document
from smartspec_rollback.cli.session import Session
from smartspec_rollback.cli.stop import Stage
from smartspec_rollback.errors import UsageError
from smartspec_rollback.operations.opening import Opened


def serving(session: Session, *, host: str, port: int) -> int:
    """Serve; the address is said once requests are answered."""
    session.stop.stage = Stage.SERVE
    output = session.output
    try:
        from smartspec_rollback.server.process import Process
    except ImportError as error:
        raise UsageError(
            f"the server's packages are not installed: {error}",
            remedy="`pip install 'smartspec-rollback[server]'`",
        ) from error
    if session.verbose:
        from smartspec_rollback.cli.logs import show

        show(output)
    opened = Opened(session.config, tell=output.progress, warn=output.note)
    process = Process(opened, host, port)
    url, host, port = process.listening.url, process.listening.host, process.listening.port
    here = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def started() -> None:
        if output.as_json:
            said = document("smartspec.serve/1", url=url, host=host, port=port, pid=os.getpid())
            output.document(said)
        elif url.endswith(f"//{here}"):
            output.result(f"Serving on {url}\n")
        else:  # people come by another name, and proxies have to be told this one
            output.result(f"Serving on {url} (listening on {here})\n")

    process.run(started=started, stopped=session.stop)
    return 0
