"""What viewers of one node get beyond the picture: refusals, headers, pings, and what becomes of slow ones."""

import socket
import time
import unittest

from sluice_e2e import plain_http, publish, ws
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import Viewer, open_when_live

KEY = "live/room1"
MAX_LAG = 1
SLOW_PAUSE = 6  # the kernel holds more than a second of the stream for a viewer that does not read


class StuckViewer:
    """Asks for the stream, reads the response header and then nothing, with as small a receive buffer as the
    kernel gives."""

    def __init__(self, node, key):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.settimeout(10)
        self._socket.connect(("127.0.0.1", node.ports["http"]))
        self._socket.sendall(f"GET /{key}.flv HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert self._socket.recv(64).startswith(b"HTTP/1.1 200")

    def read_on(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self._socket.recv(65536):
            pass

    def close(self):
        self._socket.close()


class Viewers(SluiceTest):
    def setUp(self):
        self.nodes = self.cluster()
        self.origin = self.nodes.origin("o1", "--max-lag", str(MAX_LAG))
        self.nodes.wait_ready()
        self.track(publish.publish_rtmp(self.origin, KEY))
        self.viewer = self.track(open_when_live(self.origin.live(KEY, "ws")))
        self.viewer.wait_seconds(1)

    def assert_undisturbed(self):
        self.viewer.wait_seconds(self.viewer.seconds + 1)
        self.nodes.check(self.viewer, KEY)

    def test_a_viewer_that_falls_behind_jumps_and_is_counted(self):
        stuck = self.track(StuckViewer(self.origin, KEY))
        self.viewer.wait_seconds(self.viewer.seconds + SLOW_PAUSE)
        self.assertEqual(self.origin.metric("sluice_viewer_jumps_total"), 0)
        stuck.read_on(2)
        self.assertGreaterEqual(self.origin.metric("sluice_viewer_jumps_total"), 1)
        self.assertGreater(self.origin.metric("sluice_viewer_skipped_bytes_total"), 0)
        self.assertEqual(self.origin.metric("sluice_viewers_closed_slow_total"), 0)
        self.assert_undisturbed()

    def test_a_viewer_that_takes_nothing_any_more_is_closed_and_counted(self):
        self.track(StuckViewer(self.origin, KEY))
        self.assertEqual(self.origin.metric("sluice_viewers"), 2)
        wait_until("the stuck viewer to be closed",
                   lambda: self.origin.metric("sluice_viewers_closed_slow_total") == 1, 20)
        self.assertEqual(self.origin.metric("sluice_viewers"), 1)
        self.assert_undisturbed()

    def test_compression_is_not_negotiated_even_when_offered(self):
        live = self.track(ws.LiveMessages(self.origin.live(KEY, "ws"), offer="permessage-deflate"))
        self.assertTrue(next(live.pieces()).startswith(b"FLV"))

    def test_a_ping_is_answered_with_its_own_bytes(self):
        live = self.track(ws.LiveMessages(self.origin.live(KEY, "ws")))
        live.send(ws.PING, b"are you there")
        deadline = time.monotonic() + 5
        for _ in live.pieces():
            if live.pongs or time.monotonic() > deadline:
                break
        self.assertEqual(live.pongs, [b"are you there"])

    def test_what_a_viewer_says_is_ignored(self):
        live = self.track(ws.LiveMessages(self.origin.live(KEY, "ws")))
        pieces = live.pieces()
        for opcode in (ws.TEXT, ws.BINARY):
            for _ in range(20):
                live.send(opcode, b"x" * 125)
                next(pieces)
        self.assert_undisturbed()

    def test_a_viewers_close_is_answered(self):
        live = self.track(ws.LiveMessages(self.origin.live(KEY, "ws")))
        live.send(ws.CLOSE, (1000).to_bytes(2, "big"))
        for _ in live.pieces():
            pass
        self.assertEqual(live.close_code, 1000)
        wait_until("its place to be free", lambda: self.origin.metric("sluice_viewers") == 1, 5)

    def test_a_stream_that_is_not_live_is_a_404_at_once(self):
        for scheme in ("http", "ws"):
            begun = time.monotonic()
            with self.assertRaises(plain_http.Refused) as refused:
                Viewer(self.origin.live("live/nobody", scheme))
            self.assertEqual(refused.exception.status, 404)
            self.assertLess(time.monotonic() - begun, 2)
        self.assertEqual(plain_http.request(self.origin.live("live/nobody"), "HEAD").status, 404)

    def test_options_and_head_tell_browsers_what_they_may_do(self):
        asked = {"Origin": "http://elsewhere.example", "Access-Control-Request-Method": "GET"}
        answer = plain_http.request(self.origin.live(KEY), "OPTIONS", headers=asked)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertIn("GET", answer.headers["Access-Control-Allow-Methods"])
        live = self.track(Viewer(self.origin.live(KEY, "http")))
        self.assertEqual(live.headers["Access-Control-Allow-Origin"], "*")
        self.assertIn("Sluice-Log", live.headers["Access-Control-Expose-Headers"])
        head = plain_http.request(self.origin.live(KEY), "HEAD")
        self.assertEqual((head.status, head.headers["Content-Type"], head.body), (200, "video/x-flv", b""))
        self.assertNotIn("Content-Length", head.headers)


if __name__ == "__main__":
    unittest.main()
