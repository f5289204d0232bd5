"""The installed server over a cluster gone bad, and commands that reach it from elsewhere.

Used by the tests beside it. ``Server`` is the real process; it can be killed and started again.
"""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.clusters import Shops
from tests.acceptance.commands import Result, installed

PEOPLE = """
people:
  alice: {os: "90001"}
  bob: {os: "90002"}
server:
  readiness: 10s
  roles:
    - {role: operator, people: [alice, bob]}
    - {role: approver, people: [alice]}
    - {role: admin, people: [alice]}
"""


@dataclass
class Server:
    """One server, and an empty folder for the commands that reach it."""

    shops: Shops
    elsewhere: Path
    tokens: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process; again on the same port."""
        program = Path(sys.executable).with_name("smartspec")
        self.process = subprocess.Popen(
            [program, "serve", "--port", str(self.port)],
            cwd=self.shops.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Serving on "), line
        self.port = int(line.rstrip().rpartition(":")[2])

    def kill(self) -> None:
        """End it as a power failure would."""
        assert self.process is not None
        self.process.kill()
        self.end()

    def end(self) -> None:
        """Wait for its end, asked for politely if it goes on."""
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait(40)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def token(self, *words: str) -> str:
        """Make a token on the server's machine."""
        done = installed(
            "smartspec", "token", "create", *words, "--format", "json", folder=self.shops.folder
        )
        assert done.code == 0, done.err
        secret: str = done.document["secret"]
        return secret

    def environment(self, by: str) -> dict[str, str]:
        """Say by the environment which server is meant, and who asks."""
        return {"SMARTSPEC_SERVER": self.url, "SMARTSPEC_TOKEN": self.tokens[by]}

    def __call__(self, *words: str, by: str = "robot", **streams: Any) -> Result:
        """Run a command from elsewhere, without any configuration there."""
        program = words if words[0].startswith("smartspec") else ("smartspec", *words)
        return installed(
            *program, folder=self.elsewhere, environment=self.environment(by), **streams
        )


def configured(shops: Shops) -> None:
    """Let people and machines in to the server of a cluster's folder."""
    path = shops.folder / "smartspec.yaml"
    path.write_text(path.read_text() + PEOPLE)
