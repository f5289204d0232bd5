"""Starting and stopping everything of a Target: up and down.

Called by ``platform`` for ``smartspec local``. Each verb may be run again after a crash at any
line of it; it goes on from what is there.
"""

import os
import secrets
import subprocess

import msgspec
from msgspec.structs import replace

from smartspec_rollback.domain.step import ProgressState
from smartspec_rollback.errors import (
    ProviderError,
    ProviderUnavailable,
)
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import (
    looking,
    parts,
    running,
    traffic,
)
from smartspec_rollback.providers.platforms.local.addresses import is_free, listen_address
from smartspec_rollback.providers.platforms.local.files import (
    locked,
    private_folder,
    remove,
    write_private,
)
from smartspec_rollback.providers.platforms.local.launcher import born
from smartspec_rollback.providers.platforms.local.processes import Recorded, end_recorded
from smartspec_rollback.providers.platforms.local.records import Identity, Record
from smartspec_rollback.providers.platforms.local.site import Site
from smartspec_rollback.providers.platforms.local.supervision import PROXY

_POLL = 0.02
_UP_SECONDS = 30.0
_STOPPED_SECONDS = 30.0
_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR")


def up(site: Site) -> None:
    """Start supervisor, the proxy and whatever should run; nothing where they run already."""
    listen_address(site.settings.listen)
    private_folder(site.state)
    private_folder(site.records.root)
    deadline = Deadline.after(site.clock, _UP_SECONDS)
    with locked(site.records.lock, deadline):
        if not _answers(site):
            _begin(site)
        else:
            _adjust(site)
        _await_proxy(site, deadline)
        _await_live(site)


def _answers(site: Site) -> bool:
    try:
        return site.supervisor.answers
    except ProviderUnavailable:
        return False


def _begin(site: Site) -> None:
    """Clear away what a crash left behind, write every file, start supervisor."""
    identity = site.records.identity(site.target) or Identity(
        uid=secrets.token_hex(16),
        target=site.target,
        token=secrets.token_urlsafe(32),
        listen=site.settings.listen,
        runtime="",
    )
    runtime = str(parts.runtime_folder(site.records.root))
    site.records.create(replace(identity, runtime=runtime, listen=site.settings.listen))
    end_recorded(site.records.processes, site.clock)
    remove(site.supervisor_socket)
    remove(site.admin_socket)
    _must_be_free(site)
    if site.route.generation == 0:
        traffic.write_route(site, replace(site.route, generation=1))
    running.write_proxy_files(site)
    running.write_files(site)
    running.write_clusters(site)
    _run_supervisor(site)


def _must_be_free(site: Site) -> None:
    """Insist that nobody listens where we want to: two proxies would share the users."""
    if not is_free(listen_address(site.settings.listen)):
        raise ProviderError(
            "somebody else listens there",
            where=f"platform.listen {site.settings.listen}",
            remedy="stop them, or choose another address",
        )


def _run_supervisor(site: Site) -> None:
    """Start supervisor, which goes into the background by itself once it listens.

    It inherits nothing but what finding programs and files needs: no secret of the caller's.
    """
    command = (*parts.supervisord(), "-c", str(site.records.supervisor))
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    try:
        done = subprocess.run(
            command,
            cwd=site.records.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_UP_SECONDS,
            umask=0o077,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProviderError(f"supervisor does not start ({type(error).__name__})") from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise ProviderError(f"supervisor does not start: {lines[-1]}", where=str(site.records.logs))
    pid = int(str(site.supervisor.call("getPID")))
    seen = Recorded(pid=pid, born=born(pid))
    write_private(site.records.processes / "supervisor.json", msgspec.json.encode(seen))


def _adjust(site: Site) -> None:
    """Bring what runs in line with the settings and the records.

    Other settings of the proxy restart it, which breaks connections: nobody else does that.
    """
    identity = site.identity
    if identity.listen != site.settings.listen:
        _must_be_free(site)
        site.records.create(replace(identity, listen=site.settings.listen))
    if running.write_proxy_files(site):
        running.conform(site)
        site.supervisor.restart(PROXY, Deadline.after(site.clock, _STOPPED_SECONDS))
    else:
        running.conform(site)


def _await_proxy(site: Site, deadline: Deadline) -> None:
    while not (site.proxy.serves and traffic.all_workers_serve(site, site.route)):
        if deadline.expired:
            raise ProviderError(
                "the proxy does not serve",
                where=str(site.records.logs / f"{PROXY}-1.log"),
                remedy="its log says why",
            )
        deadline.pause(_POLL)


def _await_live(site: Site) -> None:
    """Wait until what has traffic is ready again."""
    live = site.record(site.route.revision)
    if live is None:
        return
    deadline = Deadline.after(site.clock, site.settings.ready_within)
    while (said := looking.readiness(site, live)).state is not ProgressState.DONE:
        if deadline.expired:
            raise ProviderError(f"{said.detail}; it has all traffic")
        deadline.pause(_POLL)


def down(site: Site) -> None:
    """Stop everything that was started for a Target; nothing of it is left running."""
    if site.records.identity(site.target) is None:
        return
    deadline = Deadline.after(site.clock, _STOPPED_SECONDS)
    with locked(site.records.lock, deadline):
        traffic.remember_live(site)
        if _answers(site):
            site.supervisor.shut_down()
            while _answers(site):
                if deadline.expired:
                    raise ProviderError("supervisor does not end", where=str(site.records.root))
                deadline.pause(_POLL)
        end_recorded(site.records.processes, site.clock)
        site.remove_sockets()
        for record in site.records.wanted():
            if record.id != site.route.revision:
                _drop(site, record)


def _drop(site: Site, record: Record) -> None:
    """Write down that a revision without traffic should not be started again."""
    if record.deployed_at is None:
        site.records.forget(record)
    else:
        site.records.save(replace(record, wanted=False))
