"""A small RTMP publisher (Adobe's "Real Time Messaging Protocol 1.0") that announces Enhanced RTMP's codecs, which
no publisher of Debian 12 does. It sends the tags of an FLV file at the speed of their timestamps."""

import os
import socket
import struct
import threading
import time

from . import flv

CHUNK_SIZE = 4096
SET_CHUNK_SIZE, COMMAND = 1, 20  # 5.4.1, 7.1.1
CONTROL_CHUNKS, COMMAND_CHUNKS, MEDIA_CHUNKS = 2, 3, 4  # chunk stream ids
FOUR_CCS = ["av01", "hvc1", "avc1", "Opus", "mp4a"]


def amf0(value):
    """AMF0 2.2 and on, of the types a publisher uses."""
    if value is None:
        return b"\x05"
    if isinstance(value, (int, float)):
        return b"\x00" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"\x02" + struct.pack(">H", len(value)) + value.encode()
    if isinstance(value, list):
        return b"\x0a" + struct.pack(">I", len(value)) + b"".join(amf0(item) for item in value)
    members = (struct.pack(">H", len(name)) + name.encode() + amf0(item) for name, item in value.items())
    return b"\x03" + b"".join(members) + b"\0\0\x09"


class RtmpError(AssertionError):
    """The server did not answer as a publisher expects."""


class Connection:
    """The protocol: handshake, chunks out, and as much of what comes in as a publisher needs."""

    def __init__(self, port, timeout=5.0):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._stream = self._socket.makefile("rb")
        self._read_chunk_size = 128
        self._partial = {}  # chunk stream id: [message length, type, bytes]
        self._socket.sendall(b"\x03" + bytes(8) + os.urandom(1528))
        answer = self._exactly(1 + 1536)
        self._socket.sendall(answer[1:])
        self._exactly(1536)
        self.send(CONTROL_CHUNKS, SET_CHUNK_SIZE, 0, 0, struct.pack(">I", CHUNK_SIZE), chunk_size=128)

    def send(self, chunks, kind, stream, timestamp, data, chunk_size=CHUNK_SIZE):
        """5.3.1: a type 0 header, then type 3 for the rest."""
        extended = timestamp >= 0xFFFFFF
        head = struct.pack(">I", min(timestamp, 0xFFFFFF))[1:] + struct.pack(">I", len(data))[1:]
        head = bytes([chunks]) + head + bytes([kind]) + struct.pack("<I", stream)
        more = struct.pack(">I", timestamp) if extended else b""
        out = head + more + data[:chunk_size]
        for at in range(chunk_size, len(data), chunk_size):
            out += bytes([0xC0 | chunks]) + more + data[at:at + chunk_size]
        self._socket.sendall(out)

    def command(self, stream, *values):
        self.send(COMMAND_CHUNKS, COMMAND, stream, 0, b"".join(amf0(value) for value in values))

    def wait_command(self, word):
        """The body of the next command that holds `word`."""
        while True:
            kind, body = self._message()
            if kind == SET_CHUNK_SIZE:
                self._read_chunk_size = int.from_bytes(body, "big")
            elif kind == COMMAND:
                if b"error" in body:
                    raise RtmpError(f"waiting for {word!r}: {body!r}")
                if word.encode() in body:
                    return body

    def _message(self):
        while True:
            first = self._exactly(1)[0]
            form, chunks = first >> 6, first & 63
            if form < 3:
                head = self._exactly((11, 7, 3)[form])
                if form < 2:
                    self._partial[chunks] = [int.from_bytes(head[3:6], "big"), head[6], b""]
            entry = self._partial[chunks]
            entry[2] += self._exactly(min(self._read_chunk_size, entry[0] - len(entry[2])))
            if len(entry[2]) == entry[0]:
                body, entry[2] = entry[2], b""
                return entry[1], body

    def _exactly(self, count):
        data = self._stream.read(count)
        if len(data) < count:
            raise RtmpError("the server closed the connection")
        return data

    def wait_without_limit(self):
        self._socket.settimeout(None)

    def cut(self):
        """Ends the connection; whoever waits for it notices."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self._stream.close()
        self._socket.close()


class Publisher:
    """Publishes `tags` (of flv.parse) in a thread; `close` ends as librtmp does: it says goodbye, and closes
    without reading any answer. `enhanced` is the server's answer to connect, which must repeat the codecs. One that
    listens knows as `lost` what the server said at last: an error, or that it closed."""

    def __init__(self, origin, key, tags, listens=False):
        application, _, name = key.rpartition("/")
        self.error = None
        self.lost = None
        self._name = name
        self._ending = threading.Event()
        self._connection = Connection(origin.ports["rtmp"])
        try:
            self._begin(application, name)
        except BaseException:
            self._connection.close()
            raise
        self._thread = threading.Thread(target=self._run, args=(tags,), name=f"rtmp {key}", daemon=True)
        self._listener = None
        if listens:
            self._connection.wait_without_limit()
            self._listener = threading.Thread(target=self._listen, name=f"rtmp answers {key}", daemon=True)
            self._listener.start()
        self._thread.start()

    def _listen(self):
        try:
            self._connection.wait_command("a word no server says")
        except (RtmpError, OSError) as error:
            self.lost = str(error)

    def _begin(self, application, name):
        self._connection.command(0, "connect", 1, {
            "app": application, "type": "nonprivate", "tcUrl": f"rtmp://127.0.0.1/{application}",
            "fourCcList": FOUR_CCS})
        self.enhanced = self._connection.wait_command("NetConnection.Connect.Success")
        self._connection.command(0, "createStream", 2, None)
        self._connection.wait_command("_result")
        self._connection.command(1, "publish", 3, None, name, "live")
        self._connection.wait_command("NetStream.Publish.Start")

    def _run(self, tags):
        try:
            begun = time.monotonic()
            for tag in tags:
                if self._ending.wait(max(0.0, begun + tag.timestamp / 1000 - time.monotonic())):
                    break
                self._connection.send(MEDIA_CHUNKS, tag.type, 1, tag.timestamp, tag.data)
            self._connection.command(0, "FCUnpublish", 4, None, self._name)
            self._connection.command(0, "deleteStream", 5, None, 1)
            self._leave()
        except OSError as error:
            self.error = error

    def cut(self):
        """Ends as an encoder whose machine dies: no goodbye."""
        self._connection.cut()
        self._ending.set()
        self._thread.join(5)

    def close(self):
        self._ending.set()
        self._thread.join(5)
        self._leave()

    def _leave(self):
        if self._listener:
            self._connection.cut()
            self._listener.join(5)
        self._connection.close()
