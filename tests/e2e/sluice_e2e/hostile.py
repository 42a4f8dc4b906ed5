"""Sending garbage at a node and seeing what comes of it."""

import random
import socket

from .cluster import SluiceTest
from .processes import wait_until

KEY = "live/room1"
REFUSALS = {
    "rtmp": ["sluice_ingest_protocol_errors_total"],
    "http": ["sluice_http_bad_requests_total"],
    "trunk": ["sluice_trunk_protocol_errors_total", "sluice_http_bad_requests_total"],
    "control": ["sluice_control_refused_total"],
}
NOISE = random.Random(11).randbytes(4096)
HTTP_REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class HostileTest(SluiceTest):
    """Has `nodes`, and a `viewer` of KEY that must not notice anything."""

    def send(self, port, *messages, limit=12.0):
        """Sends the messages, then reads until the server closes; returns what it answered."""
        answer = b""
        with socket.create_connection(("127.0.0.1", port), timeout=limit) as connection:
            try:
                for message in messages:
                    connection.sendall(message)
                while data := connection.recv(65536):
                    answer += data
            except ConnectionError:
                pass  # a reset is a close too
            except TimeoutError:
                self.fail(f"port {port}: still open {limit} s after {messages[0][:16].hex()}...")
        return answer

    def assert_counted(self, node, listener, act):
        def refused():
            return sum(node.metric(name) for name in REFUSALS[listener])

        before = refused()
        act()
        wait_until(f"{node.id} to count what it refused on {listener}", lambda: refused() > before, 5)

    def assert_undisturbed(self):
        self.assert_alive(self.nodes)
        self.viewer.wait_seconds(self.viewer.seconds + 2)
        self.nodes.check(self.viewer, KEY)
