"""Garbage on every port: that peer is turned away and counted, everyone else is undisturbed."""

import random
import socket
import struct
import unittest

from sluice_e2e import publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
REFUSALS = {
    "rtmp": ["sluice_ingest_protocol_errors_total"],
    "http": ["sluice_http_bad_requests_total"],
    "trunk": ["sluice_trunk_protocol_errors_total", "sluice_http_bad_requests_total"],
    "control": ["sluice_control_refused_total"],
}
NOISE = random.Random(11).randbytes(4096)
HTTP_REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
# Operation 1, everything else zero: an established connection's op, before any handshake.
CAF_KILLER = struct.pack(">BBBBIQQQ", 1, 0, 0, 0, 0, 0, 0, 0)
BASP_4_GIB = struct.pack(">BBBBIQQQ", 0, 0, 0, 0, 0xFFFFFFFF, 4, 0, 0)
RTMP_C0_C1 = b"\x03" + bytes(8) + NOISE[:1528]
# After the handshake: type 0 header on chunk stream 3 that claims a 16 MiB message of type 20.
RTMP_HUGE_MESSAGE = b"\x03" + bytes(3) + b"\xff\xff\xff" + b"\x14" + bytes(4)
RTMP_SET_CHUNK_SIZE_4_GIB = b"\x02" + bytes(3) + b"\x00\x00\x04" + b"\x01" + bytes(4) + b"\xff\xff\xff\xff"
WEBSOCKET_ON_TRUNK = (b"GET /trunk/play/live/room1 HTTP/1.1\r\nHost: x\r\n"
                      b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                      b"Sec-WebSocket-Protocol: sluice.trunk.1\r\n\r\n" + b"\x82\xff" + b"\xff" * 8 + NOISE)


class BadInput(SluiceTest):
    @classmethod
    def setUpClass(cls):
        publish.sample()

    def setUp(self):
        self.nodes = self.full_cluster(relays=2, edges=1, directories=1)
        self.track(publish.publish_rtmp(self.nodes.nodes["o1"], KEY))
        self.viewer = self.track(open_when_live(self.nodes.nodes["e1"].live(KEY, "ws")))
        self.viewer.wait_seconds(2)

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

    def test_noise_on_every_port_is_refused_and_counted(self):
        for node in self.nodes.nodes.values():
            for listener, port in node.ports.items():
                self.assert_counted(node, listener, lambda p=port: self.send(p, NOISE))
        self.assert_undisturbed()

    def test_an_http_request_on_the_rtmp_and_control_ports_is_refused(self):
        origin, directory = self.nodes.nodes["o1"], self.nodes.nodes["d1"]
        self.assert_counted(origin, "rtmp", lambda: self.send(origin.ports["rtmp"], HTTP_REQUEST))
        self.assert_counted(directory, "control", lambda: self.send(directory.ports["control"], HTTP_REQUEST))
        self.assert_undisturbed()

    def test_packets_that_kill_caf_do_not_reach_it(self):
        directory = self.nodes.nodes["d1"]
        for packet in (CAF_KILLER, CAF_KILLER * 20, BASP_4_GIB, CAF_KILLER[:20]):
            with socket.create_connection(("127.0.0.1", directory.ports["control"]), timeout=5) as connection:
                connection.sendall(packet)
                connection.shutdown(socket.SHUT_WR)
                try:
                    while connection.recv(4096):
                        pass
                except ConnectionError:
                    pass
            self.assertTrue(directory.alive)
        self.assertTrue(self.nodes.nodes["e1"].api(f"enumerate/{KEY}")["order"])
        self.assertFalse(self.nodes.nodes["e1"].api(f"enumerate/{KEY}")["stale"])
        self.assert_undisturbed()

    def test_lying_rtmp_lengths_are_refused_and_counted(self):
        origin = self.nodes.nodes["o1"]
        for lie in (RTMP_HUGE_MESSAGE, RTMP_SET_CHUNK_SIZE_4_GIB + RTMP_HUGE_MESSAGE):
            self.assert_counted(origin, "rtmp",
                                lambda m=lie: self.send(origin.ports["rtmp"], RTMP_C0_C1, bytes(1536), m))
        self.assert_undisturbed()

    def test_a_lying_websocket_length_on_the_trunk_is_refused(self):
        relay = self.nodes.nodes["r1"]
        self.send(relay.ports["trunk"], WEBSOCKET_ON_TRUNK)
        self.assert_undisturbed()

    def test_an_endless_http_header_is_refused(self):
        edge = self.nodes.nodes["e1"]
        answer = self.send(edge.ports["http"], b"GET / HTTP/1.1\r\n", *[b"X-Pad: " + b"a" * 4000 + b"\r\n"] * 40)
        self.assertNotIn(b" 200 ", answer[:64])
        self.assert_undisturbed()

    def test_a_peer_that_never_finishes_its_handshake_is_closed(self):
        for node, listener, start in (("o1", "rtmp", RTMP_C0_C1[:700]), ("e1", "http", b"GET / HT"),
                                      ("d1", "control", b"\x00"), ("r1", "trunk", b"GET /trunk")):
            self.send(self.nodes.nodes[node].ports[listener], start, limit=15)
        self.assert_undisturbed()

    def test_paths_that_are_no_stream_are_refused_by_name(self):
        edge = self.nodes.nodes["e1"]
        for path in (b"/live/../etc/passwd.flv", b"/live/%2e%2e/x.flv", b"/live/room%001.flv", b"/a/b/c/d/e.flv",
                     b"/live/" + b"x" * 129 + b".flv", b"/live/room1.flv.flv"):
            request = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            answer = self.send(edge.ports["http"], request)
            self.assertRegex(answer[:16], rb"^HTTP/1\.[01] 4\d\d", path)
        self.assert_undisturbed()

    def test_a_truncated_publish_leaves_nothing_behind(self):
        origin = self.nodes.nodes["o1"]
        body = publish.sample().read_bytes()[:50_001]
        with socket.create_connection(("127.0.0.1", origin.ports["http"]), timeout=5) as connection:
            connection.sendall(b"POST /live/cut.flv HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + body)
        wait_until("the cut stream to be gone", lambda: origin.stream("live/cut") is None, 20)
        self.assert_undisturbed()

    def test_hundreds_of_idle_connections_disturb_nobody(self):
        idle = []
        try:
            for node in self.nodes.nodes.values():
                for port in node.ports.values():
                    idle += [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(60)]
            self.assert_undisturbed()
        finally:
            for connection in idle:
                connection.close()


if __name__ == "__main__":
    unittest.main()
