"""Origins and relays serve video to their own machine only, edges to everybody, unless told otherwise."""

import http.client
import socket
import unittest

from sluice_e2e import plain_http, publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until

KEY = "live/room1"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


def own_address():
    """An address of this machine beside loopback; None without one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if address.startswith("127.") else address


class ViewerAccess(SluiceTest):
    def setUp(self):
        self.afar = own_address()
        if self.afar is None:
            self.skipTest("this machine has no address but loopback, so no viewer can come from elsewhere")
        self.nodes = self.cluster()
        self.nodes.directory("d1")
        for start, name, *options in ((self.nodes.origin, "o1"), (self.nodes.relay, "r1"), (self.nodes.edge, "e1"),
                                      (self.nodes.relay, "r2", "--serve-viewers", "all"),
                                      (self.nodes.edge, "e2", "--serve-viewers", "loopback")):
            start(name, *options)
        self.nodes.wait_ready()
        self.track(publish.publish_rtmp(self.nodes.nodes["o1"], KEY))

    def ask(self, node, target, method="GET", headers=None, source=None):
        """The status and the head of a refusal, asked from this machine's other address."""
        connection = http.client.HTTPConnection("127.0.0.1", node.ports["http"], timeout=5,
                                                source_address=(source or self.afar, 0))
        self.addCleanup(connection.close)
        connection.request(method, target, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read(400) if answer.status >= 400 else b""

    def test_each_node_serves_whom_it_should(self):
        served = {"e1": True, "r2": True, "o1": False, "r1": False, "e2": False}
        for name, expected in served.items():
            node = self.nodes.nodes[name]
            with self.subTest(name):
                # This machine is served by each, once the stream has come there.
                wait_until(f"{name} to serve", lambda n=node: self.ask(n, f"/{KEY}.flv", source="127.0.0.1")[0] == 200)
                self.assertEqual(self.ask(node, f"/watch/{KEY}")[0], 200 if expected else 403)
                self.assertEqual(self.ask(node, f"/{KEY}.flv", "HEAD")[0], 200 if expected else 403)
                self.assertEqual(self.ask(node, f"/{KEY}.flv", headers=UPGRADE)[0], 101 if expected else 403)
                status, body = self.ask(node, f"/{KEY}.flv")
                self.assertEqual(status, 200 if expected else 403)
                if not expected:
                    self.assertEqual(body.count(b"\n"), 1)
                    self.assertIn(b'"error":"forbidden"', body)
                    self.assertIn(b"--serve-viewers", body)
                    self.assertGreaterEqual(node.metric("sluice_viewers_refused_total", reason="forbidden"), 4)
                self.assertEqual(self.ask(node, "/api/v1/streams")[0], 200)


class FullEdge(SluiceTest):
    def test_a_full_edge_refuses_the_next_viewer_and_says_so(self):
        nodes = self.cluster()
        nodes.directory("d1")
        nodes.origin("o1")
        nodes.relay("r1")
        edge = nodes.edge("e1", "--workers", "1", "--max-viewers", "1")
        nodes.wait_ready()
        self.track(publish.publish_rtmp(nodes.nodes["o1"], KEY))
        url = edge.url(f"/{KEY}.flv")
        wait_until("the edge to have the stream", lambda: self.opened(url))
        self.assertEqual(plain_http.request(edge.url("/readyz")).status, 503)
        refused = plain_http.request(url)
        self.assertEqual(refused.status, 503)
        self.assertEqual(refused.headers["Retry-After"], "1")
        self.assertEqual(refused.json()["error"], "unavailable")
        self.assertEqual(edge.metric("sluice_viewers_refused_total", reason="full"), 1)
        self.assertEqual(edge.metric("sluice_worker_viewers", worker="0"), 1)
        self.watching.close()
        wait_until("room for another", lambda: plain_http.request(edge.url("/readyz")).status == 200)

    def opened(self, url):
        try:
            self.watching = plain_http.LiveBody(url)
        except plain_http.Refused:
            return False
        self.addCleanup(self.watching.close)
        return True


if __name__ == "__main__":
    unittest.main()
