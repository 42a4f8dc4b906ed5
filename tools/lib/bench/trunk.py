"""A relay that feeds many edges: connections that pull as edges do, as far as the relay can tell (docs/trunk.md)."""

import base64
import hashlib
import hmac
import json
import os
import random
import selectors
import socket
import statistics
import time

from sluice_e2e.processes import wait_until

from . import rig
from .report import Row

PROTOCOL = "sluice.trunk.1"
CLUSTER = "sluice"
TEXT, CLOSE = 1, 8
LIMIT = 10.0
# A puller gets all that the relay retains first. For seconds after, Linux lets its window grow with each segment, and
# acknowledges those within the sender's call, as it does for nobody who has been there for longer.
SETTLE = 8.0
PAUSE = 0.01
NOISE = 0.05  # by so much the medians of several runs differ
THROWN_AWAY = bytearray(1 << 20)


class Reader:
    """A WebSocket whose bytes are counted, not looked at. A viewer's is one as it is."""

    def __init__(self, port, path, *headers):
        self.bytes = 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self.socket.sendall("\r\n".join((f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
                                         "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *headers, "", "")).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._exactly(1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise AssertionError(f"the node answered {head.splitlines()[0]}")

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise AssertionError("the node ended the connection")
            data += piece
        return data

    def take(self):
        # With MSG_TRUNC, TCP drops the bytes where they are.
        got = self.socket.recv_into(THROWN_AWAY, 0, socket.MSG_TRUNC)
        if not got:
            raise AssertionError("the node ended a connection")
        self.bytes += got


class Puller(Reader):
    """One edge's pull."""

    def __init__(self, port, key, name):
        super().__init__(port, f"/trunk/play/{key}?mode=through", f"Sec-WebSocket-Protocol: {PROTOCOL}")
        challenge = self._message("challenge")
        mine, theirs = os.urandom(32), base64.b64decode(challenge["nonce"])
        pieces = [PROTOCOL.encode(), b"client", mine, theirs, CLUSTER.encode(), name.encode()]
        text = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
        self._say({"type": "hello", "version": challenge["version"], "cluster": CLUSTER, "node": name,
                   "nonce": base64.b64encode(mine).decode(),
                   "proof": base64.b64encode(hmac.digest(b"", text, hashlib.sha256)).decode()})
        self._message("hello")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _message(self, wanted):
        """The next text message of that type."""
        while True:
            first, length = self._exactly(2)
            if length >= 126:
                length = int.from_bytes(self._exactly(2 if length == 126 else 8), "big")
            data = self._exactly(length)
            if first & 15 == CLOSE:
                raise AssertionError(f"the relay closed: {data[2:].decode(errors='replace')}")
            if first & 15 != TEXT:
                continue
            said = json.loads(data)
            if said["type"] in ("error", "not_here"):
                raise AssertionError(f"the relay said {said}")
            if said["type"] == wanted:
                return said

    def _say(self, message):
        text = json.dumps(message).encode()
        length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + len(text).to_bytes(2, "big")
        # Masked with zeros: the bytes as they are.
        self.socket.sendall(bytes([0x80 | TEXT]) + length + bytes(4) + text)


class Readers:
    """Many of them in one loop. It looks now and then in place of sleeping on its sockets: on one machine to wake it is
    the sender's cost, which it has several times a picture or once, as the two happen to take turns. Now and then is at
    random, for a sender that is read from while it sends pays more: in step with the pictures that would be always, or
    never."""

    def __init__(self):
        self.poll = selectors.DefaultSelector()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for ready in list(self.poll.get_map().values()):
            ready.data.socket.close()
        self.poll.close()

    def add(self, reader):
        reader.socket.setblocking(False)
        self.poll.register(reader.socket, selectors.EVENT_READ, reader)
        self.run(0)
        return reader

    def run(self, seconds):
        end = time.monotonic() + seconds
        more = True
        while more:
            now = time.monotonic()
            more = now < end
            time.sleep(min(PAUSE * random.uniform(0.5, 1.5), max(0, end - now)))
            for ready, _ in self.poll.select(0):
                ready.data.take()


def price(node, served, count, run):
    """CPU seconds of the node a GB, by what some of the `count` it serves were given while `run` lasts."""
    usage, before = rig.Usage(node.pid), sum(reader.bytes for reader in served)
    run()
    given = (sum(reader.bytes for reader in served) - before) * count / len(served)
    return usage.seconds() / (given / 1e9)


def relay(make_rig, given):
    """A relay with 100 edges against an edge with 100 viewers: all there all the time, each node in turn alone on its
    core, so that a machine that is slow for a while is so for both."""
    count, key = 100, "live/room1"
    with make_rig() as r, Readers() as readers:
        r.directory("d1")
        r.origin("o1")
        fed = r.relay("r1", "--workers", "1")
        edge = r.edge("e1", "--workers", "1")
        r.wait_ready()
        r.publish(key=key)
        wait_until("the stream at the relay", lambda: fed.carries(key), LIMIT)
        viewers = [readers.add(Reader(edge.ports["http"], f"/{key}.flv")) for _ in range(count)]
        # That edge pulls here, too.
        pullers = [readers.add(Puller(fed.ports["trunk"], key, f"edge{i}")) for i in range(count - 1)]
        readers.run(SETTLE)

        def alone(node, served):
            r.isolate(node)
            readers.run(rig.MOVED)
            return price(node, served, count, lambda: readers.run(given.seconds))

        prices = [(alone(fed, pullers), alone(edge, viewers)) for _ in range(rig.TURNS * given.pairs)]
        quotients = [ours / theirs for ours, theirs in prices]
        ours, theirs = (statistics.median(side) for side in zip(*prices))
        yield Row("Relay", f"CPU a GB, a relay with {count} edges against an edge with {count} viewers",
                  f"{statistics.median(quotients):.2f} x ({min(quotients):.2f} to {max(quotients):.2f}, {len(quotients)} "
                  f"pairs); {ours:.2f} and {theirs:.2f} CPU s a GB", f"1 x, noise {NOISE:.2f} x",
                  statistics.median(quotients) <= 1 + NOISE,
                  {"prices": prices})
