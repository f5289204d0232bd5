"""Making what runs agree with what is written down: supervisor's groups, the proxy's clusters.

Called by ``starting``, ``traffic`` and ``verbs``, always under the Target's lock. Everything here
is derived from the records, so doing it again after a crash mends whatever was half done.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from smartspec_rollback.domain.values import Value
from smartspec_rollback.errors import NotDone, ProviderError
from smartspec_rollback.ports.clock import Deadline
from smartspec_rollback.providers.platforms.local import parts, proxy_config, release_file
from smartspec_rollback.providers.platforms.local.addresses import LOOPBACK
from smartspec_rollback.providers.platforms.local.files import remove, write_if_changed
from smartspec_rollback.providers.platforms.local.records import Record
from smartspec_rollback.providers.platforms.local.release_file import ReleaseFile
from smartspec_rollback.providers.platforms.local.site import Site
from smartspec_rollback.providers.platforms.local.supervision import (
    PROXY,
    STOP_SECONDS,
    group_file,
    main_file,
    program_name,
)

_PYTHON = "{python}"


class _Launch(Value):
    """What ``launcher`` reads: never a secret's value, only where it is."""

    command: tuple[str, ...]
    folder: str
    pid_file: str
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    secrets: Mapping[str, str] = msgspec.field(default_factory=dict)
    prewarmed: bool = False
    routes: str = ""
    revision: str = ""


def write_launches(site: Site, record: Record, folder: Path, told: ReleaseFile) -> None:
    """Write how a revision's instances are started; later changes on disk don't reach them."""
    python = (sys.executable,) if told.command[0] == _PYTHON else told.command[:1]
    for number, port in enumerate(record.ports, start=1):
        name = program_name(record.id, number)
        launch = _Launch(
            command=(*python, *told.command[1:]),
            folder=str(folder),
            pid_file=str(site.records.processes / f"{name}.json"),
            environment={
                # A release's folder is not written to, so that its digest stays what it is.
                "PYTHONDONTWRITEBYTECODE": "1",
                **told.environment,
                "HOST": LOOPBACK,
                "PORT": str(port),
                "SMARTSPEC_VERSION": record.release.version,
                "SMARTSPEC_REVISION": record.id,
            },
            secrets={key: str(folder / secret.file) for key, secret in told.secrets.items()},
            prewarmed=record.prewarmed,
            routes=str(site.records.routes),
            revision=record.id,
        )
        _write_launch(site, name, launch)


def write_proxy_files(site: Site) -> bool:
    """Write how the proxy is started; tell whether that changed."""
    records = site.records
    launch = _Launch(
        command=(
            str(parts.envoy()),
            "--config-path",
            str(records.bootstrap),
            "--concurrency",
            str(site.settings.workers),
            "--disable-hot-restart",
            "--log-level",
            "warning",
        ),
        folder=str(records.root),
        pid_file=str(records.processes / f"{PROXY}.json"),
    )
    told = _write_launch(site, PROXY, launch)
    content = proxy_config.bootstrap(records, admin=site.admin_socket, listen=site.front)
    configured = write_if_changed(records.bootstrap, content)
    _write_group(site, PROXY, (PROXY,))
    return told or configured


def write_files(site: Site) -> None:
    """Write supervisor's and the proxy's files for the revisions that should run."""
    records = site.records
    write_if_changed(
        records.supervisor,
        main_file(records.root, logs=records.logs, socket=site.supervisor_socket),
    )
    wanted = records.wanted()
    for record in wanted:
        count = range(1, len(record.ports) + 1)
        _write_group(site, record.id, tuple(program_name(record.id, n) for n in count))
    keep = {PROXY, *(record.id for record in wanted)}
    for path in records.groups.glob("*.ini"):
        if path.stem not in keep:
            remove(path)


def write_clusters(site: Site) -> None:
    """Tell the proxy the revisions that should run."""
    content = proxy_config.clusters(site.records.wanted())
    write_if_changed(site.records.clusters, content)


def conform(site: Site) -> None:
    """Start what should run and stop what should not; returns when the rest has ended.

    ProviderError means that nobody knows how much of it was done; doing it again is fine.
    """
    try:
        write_files(site)
        site.supervisor.take_over(Deadline.after(site.clock, 3 * STOP_SECONDS))
        write_clusters(site)
        _forget_programs(site)
    except NotDone as error:
        raise ProviderError(error.what, where=error.where, remedy=error.remedy) from error


def _forget_programs(site: Site) -> None:
    """Remove the launch files and process records of revisions that don't run."""
    keep = {record.id for record in site.records.wanted()}
    for folder in (site.records.launches, site.records.processes):
        for path in folder.glob("r*.json"):
            if path.stem.rpartition("-")[0] not in keep:
                remove(path)


def _write_launch(site: Site, name: str, launch: _Launch) -> bool:
    return write_if_changed(site.records.launches / f"{name}.json", msgspec.json.encode(launch))


def _write_group(site: Site, group: str, programs: tuple[str, ...]) -> None:
    records = site.records
    content = group_file(group, programs=programs, launches=records.launches, logs=records.logs)
    write_if_changed(records.groups / f"{group}.ini", content)


def release_file_of(folder: Path) -> ReleaseFile:
    """Read the release file in a release's folder."""
    return release_file.load(folder / release_file.NAME)
