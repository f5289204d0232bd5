"""Whether the images of a release can still be pulled, and whether they are what ran.

Called by ``inspecting``. The registries are asked by the pull secrets of the template, read-only,
and "gone" is believed only beside an image that runs now. What they do not tell stays unknown.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from smartspec_rollback.providers.images import (
    Answered,
    Credentials,
    ImageReference,
    Registries,
    parse,
)
from smartspec_rollback.providers.images.reference import digest_in
from smartspec_rollback.providers.platforms.kubernetes import configuration
from smartspec_rollback.providers.platforms.kubernetes.captures.document import Document
from smartspec_rollback.providers.platforms.kubernetes.configuration import Found
from smartspec_rollback.providers.platforms.kubernetes.objects import Obj, items, text

_SECONDS = 3.0
_AT_ONCE = 8
_NOT_ASKED = "the registry was not asked whether it still has the image"
_BY_TAG = "images are named by tags, which may mean others today"


@dataclass(frozen=True)
class Images:
    """What is known of the images of a template; None means that it cannot be told."""

    present: bool | None
    unchanged: bool | None
    details: tuple[str, ...]


@dataclass(frozen=True)
class _Image:
    """One container's image, and what is known beside it."""

    container: str
    reference: ImageReference | None
    beside: ImageReference | None
    credentials: Credentials | None
    ran: tuple[str, ...]


def looked_up(
    template: Obj,
    live: Obj,
    found: Found,
    captured: Document | None,
    registries: Registries | None,
) -> Images:
    """Look up every image of a template; ``live`` is the template that runs now.

    Without ``registries`` nobody is asked, and so nothing is known.
    """
    wanted = tuple(_images(template, live, found, captured))
    if registries is None or not wanted:
        return Images(present=None, unchanged=None, details=(_NOT_ASKED, *_meant(wanted)))

    def asked(image: _Image) -> Answered:
        if image.reference is None:
            return Answered(present=None, digest=None, detail="the image's name cannot be read")
        return registries.ask(
            image.reference, image.credentials, beside=image.beside, seconds=_SECONDS
        )

    with ThreadPoolExecutor(min(len(wanted), _AT_ONCE)) as pool:
        answers = tuple(zip(wanted, pool.map(asked, wanted), strict=True))
    return Images(
        present=_all(kept.present for _, kept in answers),
        unchanged=_all(_unchanged(image, kept) for image, kept in answers),
        details=tuple(dict.fromkeys(line for each in answers for line in _told(*each))),
    )


def _images(template: Obj, live: Obj, found: Found, captured: Document | None) -> Iterable[_Image]:
    running = {text(each, "name"): text(each, "image") for each in _containers(live)}
    ran = {each.container: each.images for each in captured.ran} if captured else {}
    for container in _containers(template):
        name, image = text(container, "name"), text(container, "image")
        reference = parse(image)
        registry = reference.registry if reference else ""
        yield _Image(
            container=name,
            reference=reference,
            beside=parse(running.get(name, "")),
            credentials=configuration.pull_credentials(template, found, registry),
            ran=tuple(filter(None, map(digest_in, ran.get(name, ())))),
        )


def _containers(template: Obj) -> tuple[Obj, ...]:
    return (*items(template, "spec", "initContainers"), *items(template, "spec", "containers"))


def _unchanged(image: _Image, kept: Answered) -> bool | None:
    """Tell whether a container would run what it ran; a tag that means another image is unknown.

    Runtimes name some images by one platform's manifest and registries by the list of all, so a
    difference is no proof; equality is.
    """
    if image.reference is None or kept.present is not True:
        return None
    if image.reference.digest is not None:
        return True
    return True if kept.digest is not None and kept.digest in image.ran else None


def _all(answers: Iterable[bool | None]) -> bool | None:
    told = tuple(answers)
    if False in told:
        return False
    return None if None in told else True


def _told(image: _Image, kept: Answered) -> Iterable[str]:
    yield kept.detail
    if kept.present is not True or image.reference is None or image.reference.digest is not None:
        return
    if kept.digest is not None and kept.digest in image.ran:
        yield f"the tag of {image.container} means what ran"
    elif image.ran and kept.digest is not None:
        ran = " and ".join(image.ran)
        yield f"{image.container} ran {ran}, and its tag means {kept.digest} today"
    else:
        yield from _meant((image,))


def _meant(images: tuple[_Image, ...]) -> Iterable[str]:
    """Say what tags meant when the release was captured, where any image is named by one."""
    by_tag = [each for each in images if each.reference is None or not each.reference.digest]
    if by_tag:
        ran = [f"{each.container} ran {' and '.join(each.ran)}" for each in by_tag if each.ran]
        yield f"{_BY_TAG} ({', '.join(ran)})" if ran else _BY_TAG
