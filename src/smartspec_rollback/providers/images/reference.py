"""Image references, as container engines read them: registry, repository, tag, digest. Pure."""

import re
from dataclasses import dataclass

_HUB, _HUB_API = "docker.io", "registry-1.docker.io"
_REFERENCE = re.compile(
    r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9._:/-]*?)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_LONGEST = 1000


@dataclass(frozen=True)
class ImageReference:
    """What an image is fetched by. ``registry`` is a host, maybe with a port."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def wanted(self) -> str:
        """What to ask the registry for: the digest where there is one, else the tag."""
        return self.digest or self.tag or "latest"

    @property
    def host(self) -> str:
        """The host that answers for the registry."""
        return _HUB_API if self.registry == _HUB else self.registry


def parse(text: str) -> ImageReference | None:
    """Read a reference; None where it cannot be one.

    Without a host it is Docker Hub's, and without a path there it is one of its library.
    """
    found = _REFERENCE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    name = found["name"]
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, rest
    else:
        registry, repository = _HUB, name if slash else f"library/{name}"
    if not _REPOSITORY.fullmatch(repository):
        return None
    return ImageReference(registry, repository, found["tag"], found["digest"])


def digest_in(image_id: str) -> str | None:
    """Find the digest in what a container runtime calls the image that it runs."""
    tail = image_id.rpartition("@")[2]
    return tail if re.fullmatch(r"sha256:[0-9a-f]{64}", tail) else None
