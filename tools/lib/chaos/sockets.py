"""A viewer's connection: opened in the blocking way, then read without blocking, by piece."""

import base64
import os
import socket

from sluice_e2e import oracle, plain_http

OPEN_LIMIT = 5.0
READ_SIZE = 1 << 16
BINARY, CLOSE, PING = 2, 8, 9


class Frames:
    """Takes a server's WebSocket frames (RFC 6455 5.2) apart; `closing` is the close frame's code and reason."""

    def __init__(self):
        self._rest = b""
        self.closing = None

    def take(self, data):
        """The payload of what is complete of this and what came before."""
        if self._rest:
            data = self._rest + data
        out, at = [], 0
        while len(data) - at >= 2:
            kind, length, begin = data[at] & 0x0F, data[at + 1], at + 2
            if length == 126:
                begin += 2
                length = int.from_bytes(data[at + 2:begin], "big")
            elif length == 127:
                begin += 8
                length = int.from_bytes(data[at + 2:begin], "big")
            if len(data) < begin + length:
                break
            payload = data[begin:begin + length]
            at = begin + length
            if kind in (0, BINARY):
                out.append(payload)
            elif kind == CLOSE:
                self.closing = f"{int.from_bytes(payload[:2], 'big')} {payload[2:].decode('utf-8', 'replace')}"
        self._rest = data[at:]
        return out[0] if len(out) == 1 else b"".join(out)


class Closed(Exception):
    """The server closed the viewer; the message says how."""


class ViewerSocket:
    """Opened at once: `plain_http.Refused` when there is no stream."""

    def __init__(self, url):
        host, port, target = plain_http.split(url)
        self._frames = Frames() if url.startswith("ws:") else None
        self.socket = socket.create_connection((host, port), timeout=OPEN_LIMIT)
        self._first = b""
        try:
            self.place = self._ask(url, host, port, target)
        except BaseException:
            self.socket.close()
            raise
        self.socket.setblocking(False)

    def _ask(self, url, host, port, target):
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}:{port}"]
        if self._frames:
            lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                      f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}"]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.socket.recv(READ_SIZE)
            if not piece:
                raise ConnectionError(f"{url}: ended within the response header")
            head += piece
        head, _, self._first = head.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        code = int(status.split()[1])
        if code not in (101, 200):
            raise plain_http.Refused(url, code, self._first)
        headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
        return oracle.Place.parse(headers.get("sluice-log"))

    def fileno(self):
        return self.socket.fileno()

    def read(self):
        """Bytes of the stream, maybe none; Closed when it is over."""
        if self._first:
            data, self._first = self._first, b""
        else:
            try:
                data = self.socket.recv(READ_SIZE)
            except BlockingIOError:
                return b""
            except OSError as error:
                raise Closed(str(error)) from error
            if not data:
                raise Closed(f"close {self._frames.closing}" if self._frames and self._frames.closing
                             else "end of connection")
        if not self._frames:
            return data
        data = self._frames.take(data)
        if self._frames.closing and not data:
            raise Closed(f"close {self._frames.closing}")
        return data

    def close(self):
        self.socket.close()
