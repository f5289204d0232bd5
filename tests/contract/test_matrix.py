"""Matrix keeps the promises of every Messenger, on a real homeserver."""

from collections.abc import Callable, Iterator
from html import escape

import pytest
from tests.matrix_room import MatrixRoom, Relay
from tests.synapse import NAME, Homeserver

from smartspec_rollback.ports.messenger import Messenger
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
