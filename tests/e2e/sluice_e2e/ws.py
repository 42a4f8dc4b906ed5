"""A plain WebSocket client (RFC 6455): handshake, binary messages, pings answered, the close code kept."""

import base64
import hashlib
import http.client
import os
import socket

from . import plain_http

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class ProtocolError(Exception):
    """The server broke RFC 6455, or sent what a viewer's socket must not carry."""


class LiveMessages:
    """A WebSocket whose binary messages are read as they come."""

    def __init__(self, url, timeout=plain_http.TIMEOUT, protocol=None, offer=None):
        host, port, target = plain_http.split(url)
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._stream = self._socket.makefile("rb")
        self.close_code = None
        self.close_reason = ""
        self.pongs = []
        try:
            self.headers = self._handshake(url, host, port, target, protocol, offer)
        except BaseException:
            self._socket.close()
            raise

    def _handshake(self, url, host, port, target, protocol, offer):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        if protocol:
            lines.append(f"Sec-WebSocket-Protocol: {protocol}")
        if offer:
            lines.append(f"Sec-WebSocket-Extensions: {offer}")
        self._socket.sendall("\r\n".join(lines + ["", ""]).encode())
        status_line = self._stream.readline(4096).decode("latin-1").split(" ", 2)
        headers = http.client.parse_headers(self._stream)
        status = int(status_line[1]) if len(status_line) > 1 else 0
        if status != 101:
            length = int(headers.get("Content-Length", "0"))
            raise plain_http.Refused(url, status, self._stream.read(length))
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if headers.get("Sec-WebSocket-Accept") != accept:
            raise ProtocolError("Sec-WebSocket-Accept does not answer the key")
        if "Sec-WebSocket-Extensions" in headers:
            raise ProtocolError("an extension was accepted; frames are read as without any")
        return headers

    def pieces(self):
        """Yields the data of binary frames until the close frame; OSError when the connection breaks."""
        while True:
            opcode, data = self._frame()
            if opcode in (BINARY, CONTINUATION):
                yield data
            elif opcode == PING:
                self.send(PONG, data)
            elif opcode == CLOSE:
                self.close_code = int.from_bytes(data[:2], "big") if len(data) >= 2 else 1005
                self.close_reason = data[2:].decode("utf-8", "replace")
                self.send(CLOSE, data[:2])
                return
            elif opcode == PONG:
                self.pongs.append(data)
            else:
                raise ProtocolError(f"a frame with opcode {opcode}; binary only expected")

    @property
    def ending(self):
        return f"close {self.close_code} {self.close_reason!r}"

    def _frame(self):
        first, second = self._exactly(2)
        if first & 0x70 or second & 0x80:
            raise ProtocolError(f"reserved bits or a mask in a server's frame: {first:02x} {second:02x}")
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(self._exactly(2), "big")
        elif length == 127:
            length = int.from_bytes(self._exactly(8), "big")
        return first & 0x0F, self._exactly(length)

    def _exactly(self, count):
        data = self._stream.read(count)
        if len(data) < count:
            raise ConnectionError("the connection ended without a close frame")
        return data

    def send(self, opcode, data):
        """One masked frame of at most 125 bytes."""
        mask = os.urandom(4)
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data[:125]))
        self._socket.sendall(bytes([0x80 | opcode, 0x80 | len(body)]) + mask + body)

    def close(self):
        self._stream.close()
        self._socket.close()
