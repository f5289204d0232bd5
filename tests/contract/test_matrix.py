"""Matrix keeps the promises of every Messenger, on a real homeserver."""

import time
from collections.abc import Callable, Iterator
from html import escape

import pytest
from msgspec.structs import replace
from tests.matrix_room import MatrixRoom, Relay
from tests.synapse import NAME, Homeserver

from smartspec_rollback.errors import ProviderError
from smartspec_rollback.ports.messenger import Messenger
from smartspec_rollback.providers.channels.matrix import MatrixMessenger
from smartspec_rollback.testing.messenger_contract import HearsContract
from smartspec_rollback.testing.messenger_room import Room, Talk


class TestMatrix(HearsContract):
    """A room of Synapse."""

    ALICE = f"matrix:@alice:{NAME}"
    BOB = f"matrix:@bob:{NAME}"

    @pytest.fixture
    def matrix(self, homeserver: Homeserver) -> Iterator[MatrixRoom]:
        """Make a room."""
        with Relay(homeserver.port) as relay:
            made = MatrixRoom(homeserver, relay)
            self.secrets = (made.bot.token,)
            yield made

    @pytest.fixture
    def room(self, matrix: MatrixRoom) -> Room:
        """Supply it."""
        return matrix

    @pytest.fixture
    def talk(self, matrix: MatrixRoom) -> Talk:
        """Supply it with its people."""
        return matrix

    @pytest.fixture
    def make(self, matrix: MatrixRoom) -> Callable[[], Messenger]:
        """Make Messengers of the room."""
        return matrix.messenger

    def document(self, text: str) -> str:
        """Write words as HTML."""
        return escape(text)

    def test_doctor_is_told_who_it_is(self, matrix: MatrixRoom, homeserver: Homeserver) -> None:
        """If it fails, a bot that nobody invited is found out in the first incident."""
        assert matrix.messenger().examine() == matrix.bot.user
        matrix.messenger().send(self.post("rb-1/plan", "x"), thread="")
        assert matrix.messenger().examine() == matrix.bot.user
        alias = homeserver.client(
            "POST",
            "createRoom",
            body={"room_alias_name": f"r{time.monotonic_ns()}"},
            token=homeserver.person("alice").token,
        )["room_id"]
        settings = replace(matrix.settings(), room=alias)
        with pytest.raises(ProviderError, match="not in the room") as caught:
            MatrixMessenger(settings).examine()
        assert "invite" in caught.value.remedy

    def test_an_encrypted_room_is_refused(self, homeserver: Homeserver) -> None:
        """If it fails, plans stand readable in a room that people believe is closed."""
        with Relay(homeserver.port) as relay:
            secret = {
                "type": "m.room.encryption",
                "state_key": "",
                "content": {"algorithm": "m.megolm.v1.aes-sha2"},
            }
            room = MatrixRoom(homeserver, relay, initial_state=[secret])
            with pytest.raises(ProviderError, match="encrypted"):
                room.messenger().send(self.post("rb-1/plan", "x"), thread="")
            assert not room.shown()

    def test_an_alias_names_the_room(self, homeserver: Homeserver) -> None:
        """If it fails, people have to find out a room's id."""
        name = f"ops{time.monotonic_ns()}"
        with Relay(homeserver.port) as relay:
            room = MatrixRoom(homeserver, relay, room_alias_name=name)
            settings = replace(room.settings(), room=f"#{name}:{NAME}")
            messenger = MatrixMessenger(settings)
            assert messenger.examine() == room.bot.user
            ref = messenger.send(self.post("rb-1/plan", "x"), thread="")
            assert [each.ref for each in room.shown()] == [ref]

    def test_a_post_that_may_have_arrived_is_looked_for(self, matrix: MatrixRoom) -> None:
        """If it fails, who comes back after a day, when the server forgot, posts again."""
        post = self.post("rb-1/plan", "the plan")
        ref = matrix.messenger().send(post, thread="")
        again = replace(post, text="the plan as it is written today", again=True)
        assert matrix.messenger().send(again, thread="") == ref
        other = replace(post, key="rb-2/plan", again=True)
        assert matrix.messenger().send(other, thread="") != ref
        assert len(matrix.shown()) == 2
