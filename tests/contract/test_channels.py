"""The channels and their fakes keep the same promises."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from smartspec_rollback.domain.approval import Answer
from smartspec_rollback.domain.secrets import Sensitive
from smartspec_rollback.ports.channel import Channel, Reply
from smartspec_rollback.providers.channels.file import FileChannel, FileSettings
from smartspec_rollback.providers.channels.terminal import TerminalChannel, TerminalSettings
from smartspec_rollback.providers.channels.webhook import WebhookChannel, WebhookSettings
from smartspec_rollback.providers.system import operator_account
from smartspec_rollback.testing.channel_contract import (
    AnswersContract,
    ChannelContract,
    Posted,
    Reach,
)
from smartspec_rollback.testing.clock import FakeClock
from smartspec_rollback.testing.fake_channel import FakeChannel, MuteChannel
from smartspec_rollback.testing.web_service import Page, WebService, nobody, web_service


class Kept:
    """A secret that a test made up."""

    place = "environment variable WEBHOOK_URL"

    def __init__(self, text: str) -> None:
        """Hold it."""
        self._text = text

    def resolve(self) -> Sensitive:
        """Return it."""
        return Sensitive(self._text)


class TestFileChannel(ChannelContract):
    """The file."""

    @pytest.fixture
    def channel(self, tmp_path: Path) -> Channel:
        """Supply a channel to a new file."""
        return FileChannel(FileSettings(path=tmp_path / "notices.jsonl"))

    @pytest.fixture
    def posted(self, tmp_path: Path) -> Posted:
        """Read the file."""
        return lambda: (tmp_path / "notices.jsonl").read_text("utf-8")

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Channel:
        """Supply a channel to a folder that does not exist."""
        return FileChannel(FileSettings(path=tmp_path / "gone" / "notices.jsonl"))


class TestWebhookChannel(ChannelContract):
    """The webhook, against a real server."""

    secret = "/hooks/T0P-SECRET"

    @pytest.fixture
    def service(self) -> Iterator[WebService]:
        """Supply the server."""
        with web_service({self.secret: Page(status=204, body=b"")}) as service:
            yield service

    @pytest.fixture
    def channel(self, service: WebService) -> Channel:
        """Supply a channel to it."""
        url = Kept(service.url + self.secret)
        return WebhookChannel(WebhookSettings(url=url), clock=FakeClock())

    @pytest.fixture
    def posted(self, service: WebService) -> Posted:
        """Read what it received."""
        return lambda: b"\n".join(request.body for request in service.received).decode()

    @pytest.fixture
    def broken(self) -> Iterator[Channel]:
        """Supply a channel to where nobody listens."""
        with nobody() as url:
            settings = WebhookSettings(url=Kept(url + self.secret))
            yield WebhookChannel(settings, clock=FakeClock())


class TestTerminalChannel(AnswersContract):
    """The terminal, with a pipe where posts go and a pseudo-terminal to answer at."""

    @pytest.fixture
    def terminal(self) -> Iterator[tuple[int, int]]:
        """Supply a pseudo-terminal: the person's end and the program's."""
        person, program = os.openpty()
        yield person, program
        os.close(person)
        os.close(program)

    @pytest.fixture
    def pipe(self) -> Iterator[tuple[int, int]]:
        """Supply a pipe: its reading end and its writing end."""
        ends = os.pipe()
        yield ends
        for end in ends:
            os.close(end)

    @pytest.fixture
    def channel(
        self,
        terminal: tuple[int, int],
        pipe: tuple[int, int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> Channel:
        """Supply a channel to them; the tests are no foreground job of the pseudo-terminal."""
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
        return TerminalChannel(TerminalSettings(), answers=terminal[1], notices=pipe[1])

    @pytest.fixture
    def posted(self, pipe: tuple[int, int]) -> Posted:
        """Read the pipe."""
        return lambda: os.read(pipe[0], 65536).decode()

    @pytest.fixture
    def reach(self, terminal: tuple[int, int]) -> Reach:
        """Type an answer."""

        def type_in(word: str) -> Reply:
            os.write(terminal[0], f"{word}\n".encode())
            answer = Answer.APPROVE if word == "yes" else Answer.DENY
            return Reply(answer=answer, account=operator_account())

        return type_in

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Iterator[Channel]:
        """Supply a channel to a file that cannot be written."""
        (tmp_path / "read-only").touch()
        file = os.open(tmp_path / "read-only", os.O_RDONLY)
        yield TerminalChannel(TerminalSettings(), notices=file)
        os.close(file)


class TestFakeChannel(AnswersContract):
    """The fake."""

    @pytest.fixture
    def channel(self) -> FakeChannel:
        """Supply it."""
        return FakeChannel()

    @pytest.fixture
    def posted(self, channel: FakeChannel) -> Posted:
        """Read what it remembers, encoded."""
        return lambda: msgspec.json.encode(channel.notices).decode()

    @pytest.fixture
    def reach(self, channel: FakeChannel) -> Reach:
        """Answer it."""

        def reply(word: str) -> Reply:
            answer = Answer.APPROVE if word == "yes" else Answer.DENY
            made = Reply(answer=answer, account="os:alice")
            channel.reply(made)
            return made

        return reply

    @pytest.fixture
    def broken(self) -> Channel:
        """Supply one that is down."""
        return MuteChannel(broken=True)
