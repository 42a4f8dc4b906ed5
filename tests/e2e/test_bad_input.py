"""Garbage on an origin's ports: that peer is turned away and counted, everyone else is undisturbed."""

import socket
import unittest

from sluice_e2e import publish
from sluice_e2e.hostile import HTTP_REQUEST, KEY, NOISE, HostileTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

RTMP_C0_C1 = b"\x03" + bytes(8) + NOISE[:1528]
# After the handshake: type 0 header on chunk stream 3 that claims a 16 MiB message of type 20.
RTMP_HUGE_MESSAGE = b"\x03" + bytes(3) + b"\xff\xff\xff" + b"\x14" + bytes(4)
RTMP_SET_CHUNK_SIZE_4_GIB = b"\x02" + bytes(3) + b"\x00\x00\x04" + b"\x01" + bytes(4) + b"\xff\xff\xff\xff"


class BadInput(HostileTest):
    @classmethod
    def setUpClass(cls):
        publish.sample()

    def setUp(self):
        self.nodes = self.cluster()
        self.origin = self.nodes.origin("o1")
        self.nodes.wait_ready()
        self.track(publish.publish_rtmp(self.origin, KEY))
        self.viewer = self.track(open_when_live(self.origin.live(KEY, "ws")))
        self.viewer.wait_seconds(2)

    def test_noise_on_every_port_is_refused_and_counted(self):
        for listener, port in self.origin.ports.items():
            self.assert_counted(self.origin, listener, lambda p=port: self.send(p, NOISE))
        self.assert_undisturbed()

    def test_an_http_request_on_the_rtmp_port_is_refused(self):
        self.assert_counted(self.origin, "rtmp", lambda: self.send(self.origin.ports["rtmp"], HTTP_REQUEST))
        self.assert_undisturbed()

    def test_lying_rtmp_lengths_are_refused_and_counted(self):
        for lie in (RTMP_HUGE_MESSAGE, RTMP_SET_CHUNK_SIZE_4_GIB + RTMP_HUGE_MESSAGE):
            self.assert_counted(self.origin, "rtmp",
                                lambda m=lie: self.send(self.origin.ports["rtmp"], RTMP_C0_C1, bytes(1536), m))
        self.assert_undisturbed()

    def test_an_endless_http_header_is_refused(self):
        answer = self.send(self.origin.ports["http"], b"GET / HTTP/1.1\r\n", *[b"X-Pad: " + b"a" * 4000 + b"\r\n"] * 40)
        self.assertNotIn(b" 200 ", answer[:64])
        self.assert_undisturbed()

    def test_paths_that_are_no_stream_are_refused_by_name(self):
        for path in (b"/live/../etc/passwd.flv", b"/live/%2e%2e/x.flv", b"/live/room%001.flv", b"/a/b/c/d/e.flv",
                     b"/live/" + b"x" * 129 + b".flv", b"/live/room1.flv.flv"):
            request = b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            answer = self.send(self.origin.ports["http"], request)
            self.assertRegex(answer[:16], rb"^HTTP/1\.[01] 4\d\d", path)
        self.assert_undisturbed()

    def test_a_truncated_publish_leaves_nothing_behind(self):
        body = publish.sample().read_bytes()[:50_001]
        with socket.create_connection(("127.0.0.1", self.origin.ports["http"]), timeout=5) as connection:
            connection.sendall(b"POST /live/cut.flv HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + body)
            wait_until("the cut stream to start", lambda: self.origin.stream("live/cut"), 5)
        wait_until("the cut stream to be gone", lambda: self.origin.stream("live/cut") is None, 20)
        self.assert_undisturbed()

    def test_a_peer_that_never_finishes_its_handshake_is_closed(self):
        for listener, start in (("rtmp", RTMP_C0_C1[:700]), ("http", b"GET / HT")):
            self.send(self.origin.ports[listener], start, limit=15)
        self.assert_undisturbed()

    def test_hundreds_of_idle_connections_disturb_nobody(self):
        idle = []
        try:
            for port in self.origin.ports.values():
                idle += [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(200)]
            self.assert_undisturbed()
        finally:
            for connection in idle:
                connection.close()


if __name__ == "__main__":
    unittest.main()
