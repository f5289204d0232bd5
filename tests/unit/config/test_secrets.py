"""Secrets: only references are accepted, and what they lead to never shows itself."""

import copy
import json
import pickle
from pathlib import Path

import msgspec
import pytest
from tests.unit.config.fakes import WebhookSettings, environment, one, problems_of

from smartspec_rollback.config.model import ProviderConfiguration
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.errors import ConfigurationError

SECRET = "hunter2-very-secret"


def channel(url: str, folder: Path) -> WebhookSettings:
    """Load a webhook channel with this url."""
    target = one(environment(f"channel: {{kind: webhook, url: {url}}}"), folder)
    assert isinstance(target.channel, ProviderConfiguration)
    assert isinstance(target.channel.settings, WebhookSettings)
    return target.channel.settings


def test_an_environment_variable_is_read_when_resolved_not_when_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands that need no secret must work without it."""
    monkeypatch.delenv("HOOK", raising=False)
    settings = channel("{env: HOOK}", tmp_path)
    with pytest.raises(ConfigurationError, match=r"environment variable HOOK is not set") as caught:
        settings.url.resolve()
    assert caught.value.problems[0].line == 5
    assert caught.value.problems[0].key == "services.checkout.production.channel.url"
    monkeypatch.setenv("HOOK", SECRET)
    assert settings.url.resolve().reveal() == SECRET


def test_a_file_is_read_beside_the_configuration(tmp_path: Path) -> None:
    """A mounted secret ends in a line break that is not part of it."""
    (tmp_path / "hook").write_text(SECRET + "\n")
    settings = channel("{file: hook}", tmp_path)
    assert settings.url.resolve() == Sensitive(SECRET)
    assert settings.url.place == f"file {tmp_path / 'hook'}"


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\n", "is empty"), (b"hunter2\xff", "UTF-8")],
)
def test_a_bad_secret_file_is_an_error_without_its_content(
    content: bytes | None, what: str, tmp_path: Path
) -> None:
    """An empty secret would be sent as one, and an error that quotes it would leak it."""
    if content is not None:
        (tmp_path / "hook").write_bytes(content)
    with pytest.raises(ConfigurationError, match=what) as caught:
        channel("{file: hook}", tmp_path).url.resolve()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        f"'{SECRET}'",
        f"{{{SECRET}}}",
        f"{{env: {SECRET}}}",
        f"{{value: {SECRET}}}",
        f"[{SECRET}]",
        f"{{env: A, file: {SECRET}}}",
        f"{{file: ~/{SECRET}}}",
        f"{{env: [{SECRET}]}}",
        f"{{{SECRET}: {SECRET}}}",
        f"{{env: A, env: {SECRET}}}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(written: str, tmp_path: Path) -> None:
    """Errors end up in pipelines' logs: a secret written by mistake must not follow it there."""
    text = environment(f"channel: {{kind: webhook, url: {written}}}")
    (problem,) = problems_of(text, tmp_path)
    assert "hunter2" not in f"{problem}"
    assert problem.remedy == "refer to it: {env: NAME} or {file: path}"
    assert problem.line == 5


def test_sensitive_hides_itself_everywhere() -> None:
    """A secret must not reach output by printing, formatting, encoding or copying."""
    secret = Sensitive(SECRET)
    shown = f"{secret} {secret!r} {secret!s} {secret:>20} {[secret]} {secret!s:5}"
    assert "hunter2" not in shown
    assert shown.count("***") == 6
    for encode in (msgspec.json.encode, json.dumps, pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError):
            encode({"secret": secret} if encode is not copy.copy else secret)
    assert not hasattr(secret, "__dict__")
    assert (secret == Sensitive(SECRET), secret == SECRET, bool(Sensitive(""))) == (
        True,
        False,
        False,
    )
