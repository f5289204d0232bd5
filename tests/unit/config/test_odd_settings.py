"""Every annotation a provider's settings may have is read as annotated."""

from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta
from tests.unit.config.fakes import Colour, FakeKinds, Limits, OddSettings, environment, one

from smartspec_rollback.config.loader import load
from smartspec_rollback.domain.values import Value


@pytest.mark.parametrize(
    ("written", "key", "value"),
    [
        ("text: 1.10", "text", "1.10"),
        ("text: no", "text", "no"),
        ("text: ''", "text", ""),
        ("whole: -7", "whole", -7),
        ("number: 2", "number", 2.0),
        ("number: 1.5e3", "number", 1500.0),
        ("share: 0.25", "share", 0.25),
        ("flag: TRUE", "flag", True),
        ("path: /abs", "path", Path("/abs")),
        ("path: null", "path", None),
        ("path: ~", "path", None),
        ("names: [a, 1, true]", "names", ("a", "1", "true")),
        ("limits: {least: 2}", "limits", Limits(least=2)),
        ("colour: green", "colour", Colour.GREEN),
        ("mode: slow", "mode", "slow"),
        ("wait: 1m", "wait", 60.0),
        ("maybe: 5s", "maybe", 5.0),
        ("maybe: null", "maybe", None),
        ("either: 5", "either", 5),
        ("either: five", "either", "five"),
    ],
)
def test_settings_are_typed_by_their_annotations(
    written: str, key: str, value: object, tmp_path: Path
) -> None:
    """A provider must get the types it declared, and paths that stay where they are."""
    settings = one(environment(platform=f"{{kind: odd, {written}}}"), tmp_path).platform.settings
    if isinstance(value, Limits):
        value = msgspec.structs.replace(value, log=tmp_path / "limits.log")
    expected = OddSettings(
        state=tmp_path / ".smartspec/odd", limits=Limits(log=tmp_path / "limits.log")
    )
    assert settings == msgspec.structs.replace(expected, **{key: value})


class Dictionary(Value):
    """Settings that are not frozen through."""

    held: dict[str, str] = msgspec.field(default_factory=dict)


class Misspelt(Value):
    """Asks for a format that does not exist."""

    other: Annotated[float, Meta(extra={"smartspec": "duratoin"})] = 0.0


@pytest.mark.parametrize(
    ("settings", "written"),
    [(Dictionary, "held: {a: b}"), (Misspelt, "other: 1s"), (int, "a: b")],
)
def test_an_annotation_nobody_can_read_is_the_providers_fault(
    settings: type, written: str, tmp_path: Path
) -> None:
    """A provider's author must learn of it at once, and no user be blamed."""
    kinds = FakeKinds()
    kinds.groups["platforms"]["bad"] = settings
    file = tmp_path / "smartspec.yaml"
    file.write_text(environment(platform=f"{{kind: bad, {written}}}"))
    with pytest.raises(TypeError):
        load(file, kinds=kinds)
