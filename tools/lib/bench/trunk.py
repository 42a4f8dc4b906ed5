"""A relay that feeds many edges: connections that pull as edges do, as far as the relay can tell (docs/trunk.md)."""

import base64
import hashlib
import hmac
import json
import os
import selectors
import socket
import statistics
import time

from sluice_e2e.processes import wait_until

from .report import Row
from .rig import Usage

PROTOCOL = "sluice.trunk.1"
CLUSTER = "sluice"
TICK = 1.0  # a puller's (docs/trunk.md)
TEXT, CLOSE = 1, 8
LIMIT = 10.0
THROWN_AWAY = bytearray(1 << 20)


class Puller:
    """One edge's pull. Once it flows its bytes are counted, not looked at."""

    def __init__(self, port, key, name):
        self.bytes = 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        self.socket.sendall((f"GET /trunk/play/{key}?mode=through HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._exactly(1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise AssertionError(f"the relay answered {head.splitlines()[0]}")
        challenge = self._message("challenge")
        mine, theirs = os.urandom(32), base64.b64decode(challenge["nonce"])
        pieces = [PROTOCOL.encode(), b"client", mine, theirs, CLUSTER.encode(), name.encode()]
        text = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
        self._say({"type": "hello", "version": challenge["version"], "cluster": CLUSTER, "node": name,
                   "nonce": base64.b64encode(mine).decode(),
                   "proof": base64.b64encode(hmac.digest(b"", text, hashlib.sha256)).decode()})
        self._message("hello")
        self.socket.setblocking(False)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise AssertionError("the relay ended the connection")
            data += piece
        return data

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

    def tick(self):
        self._say({"type": "tick", "head": 0})

    def take(self):
        # As the viewers' client: with MSG_TRUNC, TCP drops the bytes where they are.
        got = self.socket.recv_into(THROWN_AWAY, 0, socket.MSG_TRUNC)
        if not got:
            raise AssertionError("the relay ended a pull")
        self.bytes += got


class Pullers:
    """Many of them in one loop."""

    def __init__(self, port, key, count):
        self.all = []
        self.poll = selectors.DefaultSelector()
        self.next_tick = 0.0
        for i in range(count):
            self.all.append(Puller(port, key, f"edge{i}"))
            self.poll.register(self.all[-1].socket, selectors.EVENT_READ, self.all[-1])
            self.run(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.poll.close()
        for puller in self.all:
            puller.socket.close()

    def run(self, seconds):
        end = time.monotonic() + seconds
        more = True
        while more:
            now = time.monotonic()
            more = now < end
            if now >= self.next_tick:
                self.next_tick = now + TICK
                for puller in self.all:
                    puller.tick()
            for ready, _ in self.poll.select(min(TICK / 50, max(0, end - now))):
                ready.data.take()

    def bytes(self):
        return sum(puller.bytes for puller in self.all)


def relay_price(relay, key, count, seconds):
    """CPU seconds of the relay a GB."""
    with Pullers(relay.ports["trunk"], key, count) as pullers:
        pullers.run(2)
        usage, before = Usage(relay.pid), pullers.bytes()
        pullers.run(seconds)
        return usage.seconds() / ((pullers.bytes() - before) / 1e9)


def relay(make_rig, given):
    """A relay with 100 edges against an edge with 100 viewers."""
    count, key = 100, "live/room1"
    with make_rig() as r:
        r.directory("d1")
        r.origin("o1")
        fed = r.under_test(lambda: r.relay("r1", "--workers", "1"))
        edge = r.under_test(lambda: r.edge("e1", "--workers", "1"))
        r.wait_ready()
        r.publish(key=key)
        wait_until("the stream at the relay", lambda: fed.carries(key), LIMIT)
        prices = []
        for _ in range(given.pairs):
            ours = relay_price(fed, key, count, given.seconds)
            theirs = r.load(edge, "ws", key=key, viewers=count, seconds=given.seconds)["cpu_per_gb"]
            prices.append((ours, theirs))
        quotients = [ours / theirs for ours, theirs in prices]
        ours, theirs = (statistics.median(side) for side in zip(*prices))
        yield Row("Relay", f"CPU a GB, a relay with {count} edges against an edge with {count} viewers",
                  f"{statistics.median(quotients):.2f} x ({min(quotients):.2f} to {max(quotients):.2f}, {len(quotients)} "
                  f"pairs); {ours:.2f} and {theirs:.2f} CPU s a GB", "1 x", statistics.median(quotients) <= 1,
                  {"prices": prices})
