"""SIGTERM: a node that is told to end sends everybody elsewhere first."""

import signal
import time
import unittest

from sluice_e2e import flv, plain_http, publish, rtmp
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.page import Page
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
END_LIMIT = 5.0  # of the orderly end itself


class Drain(SluiceTest):
    def start(self, drain_seconds, relays=2):
        self.nodes = self.cluster()
        arguments = ("--drain-timeout", str(drain_seconds))
        self.nodes.directory("d1")
        self.origin = self.nodes.origin("o1", *arguments)
        self.relays = [self.nodes.relay(f"r{i + 1}", *arguments) for i in range(relays)]
        self.edges = [self.nodes.edge(f"e{i + 1}", *arguments) for i in range(2)]
        self.nodes.wait_ready()

    def publish(self):
        tags = flv.parse(publish.sample().read_bytes())
        return self.track(rtmp.Publisher(self.origin, KEY, tags, listens=True))

    def watch(self, edge, scheme="ws"):
        viewer = self.track(open_when_live(edge.live(KEY, scheme)))
        viewer.wait_seconds(1)
        return viewer

    @staticmethod
    def wait_going(node):
        """Until the node says that it goes away."""
        wait_until(f"/readyz of {node.id} to fail", lambda: plain_http.request(node.url("/readyz")).status == 503, 2,
                   every=0.01)

    def test_an_edge_sends_its_viewers_away_takes_no_more_and_ends(self):
        self.start(8)
        self.publish()
        edge, other = self.edges
        viewers = [self.watch(edge) for _ in range(5)]
        staying = self.watch(other)
        told = time.monotonic()
        edge.signal(signal.SIGTERM)
        self.wait_going(edge)
        refused = plain_http.request(edge.live(KEY))
        self.assertEqual(refused.status, 503)
        self.assertIn("Retry-After", refused.headers)
        self.assertIn("e2", {entry["id"] for entry in edge.api("edges")["edges"]})
        for viewer in viewers:
            self.assertEqual(viewer.wait_ended(8), "close 4002 'draining'")
            self.nodes.check(viewer, KEY)
        self.assertEqual(edge.wait(END_LIMIT), 0)
        self.assertLess(time.monotonic() - told, 8 + END_LIMIT)
        staying.wait_seconds(staying.seconds + 2)
        self.nodes.check(staying, KEY)

    def test_a_relay_serves_until_its_readers_have_moved_and_no_viewer_sees_it(self):
        self.start(15)
        self.publish()
        viewers = [self.watch(edge, scheme) for edge in self.edges for scheme in ("ws", "http")]
        relay = self.nodes.nodes[self.edges[0].stream(KEY)["upstream"]]
        told = time.monotonic()
        relay.signal(signal.SIGTERM)
        self.assertEqual(relay.wait(15 + END_LIMIT), 0)
        print(f"the relay ended after {time.monotonic() - told:.1f} s")
        self.assertNotIn("not everybody left in time", relay.tail())
        for viewer in viewers:
            viewer.wait_seconds(viewer.seconds + 2)
            self.nodes.check(viewer, KEY)

    def test_an_origin_keeps_its_publisher_until_the_time_is_over_and_takes_no_other(self):
        self.start(3)
        publisher = self.publish()
        viewer = self.watch(self.edges[0])
        self.origin.signal(signal.SIGTERM)
        self.wait_going(self.origin)
        with self.assertRaisesRegex(rtmp.RtmpError, "going away"):
            rtmp.Publisher(self.origin, "live/other", flv.parse(publish.sample().read_bytes()))
        before = viewer.timestamp
        viewer.wait("a second of video more", lambda: viewer.timestamp >= before + 1000, 3)
        self.assertIsNone(publisher.lost)
        self.assertEqual(self.origin.wait(3 + END_LIMIT), 0)

    def test_a_second_signal_ends_at_once(self):
        self.start(60)
        self.publish()
        self.watch(self.edges[0])
        for node in (self.origin, self.relays[0]):
            node.signal(signal.SIGTERM)
        self.wait_going(self.origin)
        self.assertTrue(self.origin.alive)
        self.origin.signal(signal.SIGTERM)
        self.assertEqual(self.origin.wait(END_LIMIT), 0)

    def test_the_page_goes_to_another_edge_by_itself(self):
        self.start(8)
        self.publish()
        page = self.track(Page("page_timeline.mjs", self.edges[0].url(f"/watch/{KEY}"), 14))
        page.wait_live()
        self.edges[0].signal(signal.SIGTERM)
        samples = page.seen()["samples"]
        self.assertEqual(samples[0]["host"], f"127.0.0.1:{self.edges[0].ports['http']}")
        last = samples[-1]
        self.assertEqual((last["host"], last["state"]), (f"127.0.0.1:{self.edges[1].ports['http']}", "live"), last)
        self.assertGreater(last["time"], 1.0)
        self.assertEqual(self.edges[0].wait(8 + END_LIMIT), 0)


if __name__ == "__main__":
    unittest.main()
