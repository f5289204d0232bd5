"""The demo: the product's main job, told from beginning to end with real parts."""

import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from smartspec_rollback.cli import demo as command
from smartspec_rollback.demo import stage, story
from smartspec_rollback.demo.folder import make_folder
from smartspec_rollback.errors import UsageError

_SMARTSPEC = Path(sys.executable).with_name("smartspec")
_PATIENCE = 300.0


def _told(folder: Path, *words: str) -> str:
    """Tell a story in ``folder/shop``, with nobody at the terminal, and return all it said."""
    told = subprocess.run(
        [_SMARTSPEC, "demo", "--folder", "shop", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    assert told.returncode == 0, told.stdout
    assert re.search(r"^Requests failed: +0$", told.stdout, re.MULTILINE), told.stdout
    (report,) = re.findall(r"^Report: +(shop\S+)$", told.stdout, re.MULTILINE)
    assert "Rolled back" in (folder / report).read_text()
    return told.stdout


def _assert_nothing_runs(folder: Path) -> None:
    """Fail if the front door or the database of a demo still answers."""
    configuration = (folder / "smartspec.yaml").read_text()
    (port,) = re.findall(r"listen: \"127\.0\.0\.1:(\d+)\"", configuration)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(port))) != 0
    url = urlsplit((folder / "database-url").read_text().strip())
    (home,) = parse_qs(url.query)["host"]
    assert not Path(home).exists()


def test_the_story_is_told_and_nothing_is_left_running(tmp_path: Path) -> None:
    """What everybody tries first loses requests, ends without a report, or leaves processes.

    And the two lines people decide on are not earned although the migration is harmless.
    """
    told = _told(tmp_path)
    assert "Quality gate failed (p99 latency > 200ms)" in told
    assert "ALTER TABLE orders ADD COLUMN gift_note text;" in told
    plan = told[told.index("# Rollback Plan") : told.index("## Steps")]
    assert "\n- [✅] No breaking database schema changes detected.\n" in plan
    assert "\n    - coverage: `100% (understood: 3 of 3 statements)` (comparison)\n" in plan
    assert "\n- [✅] No data loss risk identified.\n" in plan
    assert "\n    - nothing in: `orders.gift_note` (database)\n" in plan
    _assert_nothing_runs(tmp_path / "shop")


def test_a_schema_that_closes_the_way_back_is_refused_until_it_is_mended(tmp_path: Path) -> None:
    """A rollback to a version that cannot write its orders runs unattended, or never at all."""
    told = _told(tmp_path, "--story", "breaking-schema")
    refused, mended = (
        told[found.start() :] for found in re.finditer("^# Rollback Plan", told, re.MULTILINE)
    )
    refused = refused[: refused.index("$ python migrate.py")]
    checks = refused[refused.index("## ⚠️ Safety Checks") :]
    assert "\n❌ **Refused:** v1.2.0 does not work with the schema" in refused
    assert checks.split("\n- [")[1].startswith("❌] v1.2.0 does not work with the schema")
    assert "- public.orders.channel: " in checks
    assert "INSERT INTO orders (cart_id, total_cents) VALUES ($1, $2) RETURNING id" in checks
    assert "ALTER TABLE public.orders ALTER COLUMN channel SET DEFAULT" in checks
    assert "roll forward instead: mend v1.2.1 and deploy it" in checks
    assert "smartspec approve" not in refused
    assert "\n- [✅] No breaking database schema changes detected.\n" in mended
    assert "rows written since the deployment are not seen by v1.2.0: orders.channel" in mended
    assert "Refused unattended:        exit code 3, nothing was changed\n" in told
    _assert_nothing_runs(tmp_path / "shop")


def test_every_story_can_be_asked_for_by_name() -> None:
    """A story cannot be told, or --story offers one that there is not."""
    assert tuple(story.STORIES) == command.NAMES


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    """A mistyped --folder deletes somebody's work, or --stop takes away their files."""
    (tmp_path / "database-url").write_text("mine")
    with pytest.raises(UsageError):
        make_folder(tmp_path)
    stopped = subprocess.run(
        [_SMARTSPEC, "demo", "--folder", tmp_path, "--stop"],
        check=False,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )
    assert (stopped.returncode, stopped.stdout) == (0, f"No demo has played in {tmp_path}.\n")
    assert (tmp_path / "database-url").read_text() == "mine"


def test_ctrl_c_waits_for_the_command_that_acts() -> None:
    """Ctrl-C stops production under the hands of a rollback, and leaves it half done."""

    class Interrupted:
        """A command that ends after the person interrupted twice."""

        waits = 0

        def wait(self) -> int:
            """Be interrupted twice, then end."""
            self.waits += 1
            if self.waits <= 2:
                raise KeyboardInterrupt
            return 5

    running = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        stage.ended(running)  # type: ignore[arg-type] # only wait() of a process is needed
    assert running.waits == 3
