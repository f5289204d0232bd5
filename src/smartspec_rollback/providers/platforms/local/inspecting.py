"""Telling whether a release could be run again now.

Called by ``platform``. What it cannot learn is None, never a guess.
"""

from itertools import islice
from pathlib import Path

from smartspec_rollback.domain.release import Release
from smartspec_rollback.domain.snapshot import Inspection
from smartspec_rollback.errors import ConfigurationError, ProviderError
from smartspec_rollback.providers.platforms.local import releases
from smartspec_rollback.providers.platforms.local.addresses import free_ports
from smartspec_rollback.providers.platforms.local.running import release_file_of
from smartspec_rollback.providers.platforms.local.site import Site
from smartspec_rollback.providers.platforms.local.starting import taken_ports

_ENOUGH = 2


def inspection(site: Site, release: Release) -> Inspection:
    """Look at a release on disk and at the room on this host."""
    folder = site.releases.folder(release.version)
    if folder is None:
        return _absent(site, release)
    wanted = _wanted(site)
    try:
        present = site.releases.find(release.version)
        told = release_file_of(folder)
    except (ConfigurationError, ProviderError) as error:
        return Inspection(
            artifact=str(folder),
            artifact_present=True,
            artifact_unchanged=False if release.artifact_digest else None,
            missing_configuration=None,
            missing_secrets=None,
            startable=0,
            wanted=wanted,
            detail=f"it cannot be started: {error}",
        )
    same = present is not None and present.artifact_digest == release.artifact_digest
    return Inspection(
        artifact=str(folder),
        artifact_present=True,
        artifact_unchanged=same if release.artifact_digest else None,
        missing_configuration=releases.missing_configuration(folder, told),
        missing_secrets=releases.missing_secrets(folder, told),
        startable=_startable(site, wanted),
        wanted=wanted,
        configuration_unchanged=_configured_alike(release, present),
    )


def _absent(site: Site, release: Release) -> Inspection:
    return Inspection(
        artifact=None,
        artifact_present=False,
        artifact_unchanged=None,
        missing_configuration=None,
        missing_secrets=None,
        startable=None,
        wanted=_wanted(site),
        detail=f"no release {release.version} in {site.releases.root}",
    )


def _configured_alike(release: Release, present: Release | None) -> bool | None:
    """Tell whether what is on disk has the configuration meant; None where none was recorded."""
    if release.configuration_digest is None:
        return None
    return present is not None and present.configuration_digest == release.configuration_digest


def _wanted(site: Site) -> int:
    """Tell how many instances the current load needs: as many as are live."""
    live = site.record(site.route.revision)
    return len(live.ports) if live else site.settings.instances


def _startable(site: Site, wanted: int) -> int | None:
    """Count the instances that ports and memory suffice for, up to more than enough.

    None where there are ports enough, but nobody knows how much memory an instance takes: the live
    ones do not run, or this system does not tell.
    """
    found = free_ports(site.settings.ports, near=site.records.root, taken=taken_ports(site))
    ports = sum(1 for _ in islice(found, wanted * _ENOUGH))
    room = _memory_room(site)
    if room is None:
        return ports if ports < wanted else None
    return min(ports, room)


def _memory_room(site: Site) -> int | None:
    """Count the instances that available memory suffices for, if they are like the live ones."""
    live = site.route.revision
    available = _kib(Path("/proc/meminfo"), "MemAvailable:")
    try:
        programs = site.supervisor.programs()
    except ProviderError:
        return None
    used = [
        _kib(Path(f"/proc/{program.pid}/status"), "VmRSS:")
        for program in programs
        if program.group == live and program.pid
    ]
    known = [size for size in used if size]
    if available is None or not known:
        return None
    return available // max(known)


def _kib(path: Path, name: str) -> int | None:
    """Read a size in KiB from a file of /proc; None where there is none such."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), None)
