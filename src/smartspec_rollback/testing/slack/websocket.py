"""The server's end of a WebSocket, as much of RFC 6455 as Socket Mode needs.

``http`` upgrades a connection to it. Frames of the client are masked, none is fragmented.
"""

import base64
import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Protocol

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10
_SMALL, _MIDDLE = 126, 1 << 16


class Readable(Protocol):
    """Where bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Read exactly so many, or fewer at the end."""
        ...


def accepted(key: str) -> str:
    """Answer the key of a handshake."""
    made = hashlib.sha1((key + _MAGIC).encode(), usedforsecurity=False).digest()
    return base64.b64encode(made).decode()


class WebSocket:
    """One open connection; any thread may send."""

    def __init__(self, source: Readable, connection: socket.socket) -> None:
        """Read from ``source`` and write to ``connection``."""
        self._source = source
        self._connection = connection
        self._sending = threading.Lock()
        self.closed = False

    def send(self, text: str) -> bool:
        """Send a text; False if nobody is there any more."""
        return self._frame(_TEXT, text.encode())

    def serve(self, hear: Callable[[str], None]) -> None:
        """Pass on what the client says until one end closes."""
        try:
            while not self.closed:
                opcode, data = self._read()
                if opcode == _TEXT:
                    hear(data.decode())
                elif opcode == _PING:
                    self._frame(_PONG, data)
                elif opcode == _CLOSE:
                    break
        except (OSError, EOFError, ValueError):
            pass
        finally:
            self.closed = True

    def close(self, *, politely: bool) -> None:
        """Close: with a close frame, or as a cut cable does."""
        if politely:
            self._frame(_CLOSE, struct.pack("!H", 1001))
        self.closed = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _frame(self, opcode: int, data: bytes) -> bool:
        size = len(data)
        if size < _SMALL:
            head = struct.pack("!BB", 0x80 | opcode, size)
        elif size < _MIDDLE:
            head = struct.pack("!BBH", 0x80 | opcode, _SMALL, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, _SMALL + 1, size)
        with self._sending:
            try:
                self._connection.sendall(head + data)
            except OSError:
                self.closed = True
                return False
        return not self.closed

    def _read(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        size = second & 0x7F
        if size == _SMALL:
            (size,) = struct.unpack("!H", self._exactly(2))
        elif size == _SMALL + 1:
            (size,) = struct.unpack("!Q", self._exactly(8))
        if not second & 0x80 or not first & 0x80:
            raise ValueError("clients mask their frames, and ours fragments none")
        mask = self._exactly(4)
        data = bytes(byte ^ mask[place % 4] for place, byte in enumerate(self._exactly(size)))
        return first & 0x0F, data

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) != size:
            raise EOFError
        return data
