"""``smartspec serve`` at the command line: where it may listen, what it prints, how it ends."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.acceptance.commands import CONFIGURATION, installed
from tests.integration.server.running import Caller

_PROGRAM = str(Path(sys.executable).with_name("smartspec"))
_BEHIND_A_PROXY = "server: {url: https://rollback.example.org, trusted_proxies: [10.0.0.5]}\n"


def _configured(folder: Path, more: str = "") -> Path:
    (folder / "smartspec.yaml").write_text(CONFIGURATION + more)
    return folder


@pytest.mark.parametrize("more", ["", _BEHIND_A_PROXY])
def test_it_says_where_it_is_and_ends_when_told(tmp_path: Path, more: str) -> None:
    """A script that starts a server on a free port cannot tell which, or cannot end it."""
    process = subprocess.Popen(
        [_PROGRAM, "serve", "--port", "0", "--format", "json"],
        cwd=_configured(tmp_path, more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        told = json.loads("".join(lines))
        assert (told["schema"], told["pid"]) == ("smartspec.serve/1", process.pid)
        here = f"http://{told['host']}:{told['port']}"
        assert told["url"] == ("https://rollback.example.org" if more else here)
        call = Caller(told["port"])
        assert call("GET", "/readyz").document["ok"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(30.0) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20.0)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Two servers on one port: the second hangs, or ends with a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = installed("smartspec", "serve", "--port", port, folder=_configured(tmp_path))
    assert done.code == 2
    assert f"127.0.0.1:{port}" in done.err
    assert "Traceback" not in done.err


def test_nothing_is_served_to_others_without_logins_and_tls(tmp_path: Path) -> None:
    """Somebody tries it on all interfaces, and whoever comes by may roll production back."""
    words = ("serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - to see it refused
    done = installed("smartspec", *words, folder=_configured(tmp_path))
    assert done.code == 2
    for key in ("server.oidc", "server.tls", "server.url"):
        assert key in done.err
