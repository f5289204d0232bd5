"""What a platform learns of a template's images from a real registry."""

import base64
import json
from typing import Any

import pytest
from tests.integration.images.a_registry import Registry

from smartspec_rollback.providers.images import Registries
from smartspec_rollback.providers.platforms.kubernetes.captures.document import Document, Ran
from smartspec_rollback.providers.platforms.kubernetes.configuration import (
    Found,
    pull_credentials,
)
from smartspec_rollback.providers.platforms.kubernetes.rolling.images import Images, looked_up

NOTHING = Found({})


def _template(image: str) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "app", "image": image}]}}


def _captured(*digests: str) -> Document:
    images = tuple(f"registry/shop@{each}" for each in digests)
    return Document(
        format=1,
        workload="deployment/shop",
        namespace="shop",
        owner="shop-1",
        template={},
        ran=(Ran(container="app", images=images),),
        maps=(),
        secrets=(),
        absent=(),
        unreadable=(),
        key="",
        told=None,
    )


class Shop:
    """A repository with an old and a new image; the new one runs."""

    def __init__(self, registry: Registry, name: str) -> None:
        self.registry, self.name = registry, name
        self.old = registry.push(name, "v1", b"old")
        self.new = registry.push(name, "v2", b"new")

    def look(self, wanted: str, captured: Document | None = None) -> Images:
        """Look up an image of the repository."""
        live = _template(f"{self.registry.host}/{self.name}:v2")
        template = _template(f"{self.registry.host}/{self.name}{wanted}")
        return looked_up(template, live, NOTHING, captured, Registries())


def test_an_image_by_digest_is_what_it_was(registry: Registry) -> None:
    """An image that the registry has, named by its content, leaves a doubt."""
    shop = Shop(registry, "acme/pinned")
    said = shop.look(f"@{shop.old}")
    assert (said.present, said.unchanged) == (True, True)


def test_a_tag_that_means_what_ran(registry: Registry) -> None:
    """What was captured is not held against what the tag means today."""
    shop = Shop(registry, "acme/tagged")
    said = shop.look(":v1", _captured(shop.old))
    assert (said.present, said.unchanged) == (True, True)
    assert shop.look(":v1").unchanged is None


def test_a_tag_that_means_another_image(registry: Registry) -> None:
    """Another image than the one known good would be run, and the plan shows no doubt."""
    shop = Shop(registry, "acme/moved")
    registry.push("acme/moved", "v1", b"somebody else's")
    said = shop.look(":v1", _captured(shop.old))
    assert (said.present, said.unchanged) == (True, None)
    assert any(f"app ran {shop.old}" in line for line in said.details)


def test_an_image_that_is_gone(registry: Registry) -> None:
    """The target cannot be pulled any more, and only production finds out."""
    shop = Shop(registry, "acme/gone")
    registry.delete("acme/gone", shop.old)
    assert shop.look(f"@{shop.old}").present is False


def test_nobody_asked_is_nothing_known() -> None:
    """An image that nobody asked for counts as present."""
    said = looked_up(_template("shop@sha256:" + "a" * 64), {}, NOTHING, None, None)
    assert (said.present, said.unchanged) == (None, None)
    assert said.details == ("the registry was not asked whether it still has the image",)


@pytest.mark.parametrize(
    ("key", "auth"),
    [
        ("registry.example", {"username": "robot", "password": "hunter2"}),
        ("https://registry.example/v2/", {"auth": base64.b64encode(b"robot:hunter2").decode()}),
    ],
)
def test_pull_secrets_are_for_their_registry_alone(key: str, auth: dict[str, str]) -> None:
    """A password is sent to another registry than its own, or a private one cannot be asked."""
    config = json.dumps({"auths": {"other.example": {"username": "x"}, key: auth}})
    secret = {"data": {".dockerconfigjson": base64.b64encode(config.encode()).decode()}}
    template = {"spec": {"imagePullSecrets": [{"name": "pull"}]}}
    found = Found({("Secret", "pull"): secret})
    held = pull_credentials(template, found, "registry.example")
    assert held is not None
    assert held.basic == "Basic " + base64.b64encode(b"robot:hunter2").decode()
    assert pull_credentials(template, found, "elsewhere.example") is None
    assert pull_credentials(template, NOTHING, "registry.example") is None
