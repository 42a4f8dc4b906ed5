"""Streams that move from relay to relay while the picture runs: relays added and returned, and hedged pulls. Every
viewer keeps its socket, gets every byte once, and does not stand still.

The limits are generous, because other work shares the machine; what the moves really cost is measured by the
reliability tool."""

import time
import unittest

from sluice_e2e import pauses, publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
FAVOURED, NOT_FAVOURED = ("r2", "r4"), ("r1", "r3")  # the enumeration ranks these names so for this key
HOME_SECONDS = 20  # a stream that is away from its leading relays moves back within this time
SEAMLESS = 0.4
AT_ONCE = 1.0


class Moves(SluiceTest):
    def start(self, relays=("r1", "r2", "r3"), edge_options=()):
        self.nodes = self.cluster()
        for name in ("d1", "d2"):
            self.nodes.directory(name)
        self.origin = self.nodes.origin("o1")
        for name in relays:
            self.nodes.relay(name)
        self.edge = self.nodes.edge("e1", *edge_options)
        self.nodes.wait_ready()
        self.track(publish.publish_rtmp(self.origin, KEY))
        self.reference = self.track(open_when_live(self.origin.live(KEY)))
        self.viewers = [self.track(open_when_live(self.edge.live(KEY, scheme))) for scheme in ("ws", "http")]
        for viewer in self.viewers:
            viewer.wait_seconds(3)

    def upstream(self):
        return self.edge.stream(KEY)["upstream"]

    def second_pulls(self):
        return self.edge.metric("sluice_trunk_hedge_pulls_total")

    def head(self):
        return [relay["id"] for relay in self.edge.api(f"enumerate/{KEY}")["head"]]

    def carriers(self):
        return {relay.id for relay in self.nodes.of_role("relay") if relay.alive and relay.carries(KEY)}

    def wait_pushed(self):
        """Waits until the relays that the enumeration names have the stream."""
        wait_until("the stream at the head relays", lambda: set(self.head()) <= self.carriers(), 15)

    def assert_whole(self, since, limit, seconds=3):
        for viewer in self.viewers:
            until = viewer.timestamp + 1000 * seconds
            viewer.wait(f"{seconds} s of new video", lambda v=viewer, t=until: v.timestamp >= t, seconds + 10)
        for viewer in self.viewers:
            self.nodes.check(viewer, KEY, at_least=300_000)
            pause = pauses.longest(viewer, self.reference, since)
            print(f"{self.id().rpartition('.')[2]}: {viewer.url.partition(':')[0]} pause {pause * 1000:.0f} ms")
            self.assertLess(pause, limit)

    def test_a_relay_that_is_killed_is_replaced_at_once(self):
        self.start()
        since = time.monotonic()
        killed = self.upstream()
        self.nodes.nodes[killed].kill()
        wait_until("another upstream", lambda: self.upstream() not in (killed, None), 5)
        self.assert_whole(since, AT_ONCE)
        self.assertEqual(self.edge.metric("sluice_trunk_switches_total", reason="closed"), 1)

    def test_relays_that_are_added_take_their_streams_and_nobody_sees_it(self):
        self.start(relays=NOT_FAVOURED)
        since = time.monotonic()
        for name in FAVOURED:
            self.nodes.relay(name)
        self.nodes.wait_ready()
        wait_until("a new head", lambda: set(self.head()) == set(FAVOURED), 5)
        self.wait_pushed()
        wait_until("the edge at a head relay", lambda: self.upstream() in self.head(), HOME_SECONDS)
        self.assert_whole(since, SEAMLESS)
        self.assertEqual(self.edge.metric("sluice_trunk_switches_total", reason="moved"), 1)
        self.assertEqual(self.edge.metric("sluice_trunk_switches_total"), 1)

    def test_a_relay_that_returns_is_pushed_to_again_and_nobody_sees_it(self):
        self.start()
        killed = self.upstream()
        self.nodes.nodes[killed].kill()
        wait_until("another upstream", lambda: self.upstream() not in (killed, None), 5)
        for viewer in self.viewers:
            viewer.wait_seconds(viewer.seconds + 2)
        since = time.monotonic()
        self.nodes.relay(killed)
        self.nodes.wait_ready()
        wait_until("the head as before", lambda: killed in self.head(), 10)
        self.wait_pushed()
        self.assert_whole(since, SEAMLESS, seconds=5)

    def test_a_hedged_edge_does_not_notice_that_a_relay_dies(self):
        self.start(edge_options=("--hedge", "2"))
        wait_until("the second pull", lambda: self.second_pulls() >= 1, 5)
        self.assertGreater(self.edge.metric("sluice_trunk_doubled_bytes_total"), 0)
        for viewer in self.viewers:
            viewer.wait_seconds(viewer.seconds + 1)
        since = time.monotonic()
        killed, before = self.upstream(), self.second_pulls()
        self.nodes.nodes[killed].kill()
        wait_until("another upstream", lambda: self.upstream() not in (killed, None), 5)
        wait_until("a second pull again", lambda: self.second_pulls() > before, 10)
        self.assert_whole(since, SEAMLESS)

    def test_a_hedged_edge_does_not_notice_that_a_relay_freezes(self):
        self.start(edge_options=("--hedge", "2"))
        wait_until("the second pull", lambda: self.second_pulls() >= 1, 5)
        since = time.monotonic()
        frozen = self.upstream()
        self.nodes.nodes[frozen].freeze()
        wait_until("another upstream", lambda: self.upstream() not in (frozen, None), 5)
        self.assert_whole(since, SEAMLESS)


if __name__ == "__main__":
    unittest.main()
