"""Becomes one supervised program: reads its launch file and secrets, then replaces itself.

Run by supervisor as ``python -I -S launcher.py LAUNCH-FILE``, by path, so it imports nothing but
the standard library. Thanks to it no command, setting or secret of a release ever stands in
supervisor's configuration or in a process list. It writes down who it is before it turns into
the program, so that an orphan can be told from a stranger who got the same process id.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

_CANNOT_START = 78
_STATE, _START_TIME = 0, 19


def born(pid: int) -> str | None:
    """Tell when a process was started, so that it is never mistaken; None if it is gone."""
    if Path("/proc/self/stat").exists():
        return _born_linux(pid)
    done = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C", "TZ": "UTC"},
    )
    state, _, start = done.stdout.strip().partition(" ")
    return None if not start or state.startswith("Z") else start.strip()


def _born_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, ValueError):
        return None
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE] in "ZX":
        return None
    return f"{boot} {fields[_START_TIME]}"


def _environment(launch: dict) -> dict[str, str]:  # type: ignore[type-arg] # JSON from a file
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SUPERVISOR_")}
    environment = {**inherited, **launch["environment"]}
    for name, path in launch["secrets"].items():
        environment[name] = _secret(name, path)
    if launch["prewarmed"] and _live(launch["routes"]) != launch["revision"]:
        environment["SMARTSPEC_PREWARM"] = "1"
    return environment


def _secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, ValueError) as error:
        sys.stderr.write(f"secret {name} cannot be read from {path}: {type(error).__name__}\n")
        raise SystemExit(_CANNOT_START) from None


def _live(routes: str) -> str | None:
    """Tell which revision receives traffic, as the proxy's route file says."""
    try:
        resource = json.loads(Path(routes).read_bytes())["resources"][0]
        revision = resource["metadata"]["filter_metadata"]["smartspec"]["revision"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return str(revision)


def main(path: str) -> None:
    """Write down who we are, then become the program of a launch file."""
    launch = json.loads(Path(path).read_bytes())
    environment = _environment(launch)
    who = Path(launch["pid_file"])
    fresh = who.with_name(f".{who.name}.tmp")
    fresh.write_text(json.dumps({"pid": os.getpid(), "born": born(os.getpid())}))
    fresh.replace(who)
    command = launch["command"]
    try:
        os.chdir(launch["folder"])
        os.execvpe(command[0], command, environment)  # noqa: S606 - becoming it is the point
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error}\n")
        raise SystemExit(_CANNOT_START) from None


if __name__ == "__main__":
    main(sys.argv[1])
