"""The demo's folder: configuration, migrations, statements and releases of a made-up shop."""

import shutil
import socket
from pathlib import Path

from smartspec_rollback.demo.releases import write_release
from smartspec_rollback.errors import UsageError

DATABASE_URL = "database-url"
"""The file that holds the URL of the shop's database; a secret, as it would be elsewhere."""

_MARK = ".smartspec-demo"
_FILES = Path(__file__).with_name("files")
_MIGRATE = Path(__file__).with_name("migrate.py")

_CONFIGURATION = """\
# The demo's configuration; every key is explained by `smartspec init` and the reference.
services:
  checkout:
    production:
      platform: {{kind: local, releases: releases/, instances: 2, listen: "127.0.0.1:{port}"}}
      database:
        kind: postgresql
        url: {{file: {database_url}}}
        migrations: {{tool: plain, path: migrations/}}
        statements: ["statements/*.sql"]
        remembered: false
        look_within: 20s  # this machine has much else to do meanwhile
      objectives:
        - p99 latency <= 200ms
        - error rate <= 1%
      metrics: {{kind: probe, path: /cart, rate: 60}}
      verification:
        warm_up: 1s
        bake: 6s
        deadline: 3m
        probes: [{{path: /healthz, status: 200}}, {{path: /cart, status: 200}}]
      prewarm: true
      soak: 3s
      approval: {{expires: 10m}}
      channel: {{kind: file, path: incident-channel.jsonl}}
"""


def make_folder(folder: Path) -> str:
    """Make the demo's folder anew and return the URL of its front door.

    UsageError if the folder holds something that no demo made.
    """
    if folder.exists() and any(folder.iterdir()) and not is_ours(folder):
        raise UsageError(
            f"{folder} is not empty and was not made by this demo",
            remedy="name another one: smartspec demo --folder PATH",
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    port = _free_port()
    (folder / "smartspec.yaml").write_text(
        _CONFIGURATION.format(port=port, database_url=DATABASE_URL)
    )
    shutil.copyfile(_MIGRATE, folder / _MIGRATE.name)
    return f"http://127.0.0.1:{port}"


def check_out(folder: Path, files: str) -> None:
    """Put files of the demo into its folder, as checking out the next commit would."""
    shutil.copytree(_FILES / files, folder, dirs_exist_ok=True)


def build(folder: Path, version: str, *, delay_ms: float = 0, delay_share: float = 0.0) -> None:
    """Make a release of the statements that are checked out."""
    write_release(
        folder / "releases",
        version,
        delay_ms=delay_ms,
        delay_share=delay_share,
        secrets={"SHOP_DATABASE_URL": folder / DATABASE_URL},
        statements=folder / "statements",
    )


def is_ours(folder: Path) -> bool:
    """Tell whether a demo made this folder."""
    return (folder / _MARK).exists()


def still_runs(folder: Path) -> bool:
    """Tell whether an earlier demo in this folder may have left something running."""
    return is_ours(folder) and (folder / ".smartspec" / "local").exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
