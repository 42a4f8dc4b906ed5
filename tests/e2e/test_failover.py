"""Machines die while the picture runs: kill -9 of relays, directories and the publisher."""

import time
import unittest

from sluice_e2e import plain_http, publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
GRACE_SECONDS = 10
ENDED = 1000  # close code of viewers' WebSockets


class Failover(SluiceTest):
    def start(self, **counts):
        self.nodes = self.full_cluster(**counts)
        self.origin, self.edge = self.nodes.nodes["o1"], self.nodes.nodes["e1"]
        self.publisher = self.publish()
        self.viewers = [self.track(open_when_live(self.edge.live(KEY, scheme))) for scheme in ("ws", "http")]
        for viewer in self.viewers:
            viewer.wait_seconds(3)

    def publish(self, key=KEY):
        return self.track(publish.publish_rtmp(self.origin, key))

    def upstream(self):
        return self.edge.stream(KEY)["upstream"]

    def kill_upstream(self):
        """Kills the relay that feeds the edge; returns its id."""
        name = self.upstream()
        self.nodes.nodes[name].kill()
        return name

    def assert_goes_on(self, seconds=5, viewers=None):
        """Every viewer gets that much video made from now on, over the socket it has, and it is right."""
        viewers = viewers or self.viewers
        for viewer, until in [(viewer, viewer.timestamp + 1000 * (seconds + 1)) for viewer in viewers]:
            viewer.wait(f"{seconds} s of new video", lambda v=viewer, t=until: v.timestamp >= t, seconds + 10)
        for viewer in viewers:
            self.nodes.check(viewer, KEY, at_least=300_000)

    def test_the_relay_in_use_dies_and_the_same_sockets_go_on(self):
        self.start()
        killed = self.kill_upstream()
        wait_until("another upstream", lambda: self.upstream() not in (killed, None), 5)
        self.assert_goes_on()

    def test_two_relays_die_one_after_the_other(self):
        self.start()
        for _ in range(2):
            self.kill_upstream()
            self.assert_goes_on(3)
        self.assertEqual(self.edge.stream(KEY)["path"][0], "o1")

    def test_a_frozen_relay_is_left_like_a_dead_one(self):
        self.start()
        relay = self.nodes.nodes[self.upstream()]
        relay.freeze()
        wait_until("another upstream", lambda: self.upstream() not in (relay.id, None), 5)
        self.assert_goes_on()

    def test_without_failover_the_picture_stops(self):
        """The tests above can fail: with failover switched off, the first one's claim does not hold."""
        self.nodes = self.cluster()
        for name in ("d1", "d2"):
            self.nodes.directory(name)
        self.origin = self.nodes.origin("o1")
        for name in ("r1", "r2", "r3"):
            self.nodes.relay(name)
        self.edge = self.nodes.edge("e1", "--test-no-failover")
        self.nodes.wait_ready()
        self.publish()
        viewer = self.track(open_when_live(self.edge.live(KEY, "ws")))
        viewer.wait_seconds(3)
        self.kill_upstream()
        wait_until("the edge to be without an upstream", lambda: self.upstream() is None, 5)
        before = viewer.timestamp
        with self.assertRaises(AssertionError):
            viewer.wait("new video", lambda: viewer.timestamp >= before + 1000, 6)

    def test_one_directory_dies_and_nothing_is_disturbed(self):
        self.start()
        self.nodes.nodes["d1"].kill()
        self.publish("live/second")
        second = self.track(open_when_live(self.nodes.nodes["e2"].live("live/second"), limit=5))
        second.wait_seconds(2)
        self.nodes.check(second, "live/second")
        self.assert_goes_on()

    def test_all_directories_die_and_old_and_new_streams_play(self):
        self.start()
        for directory in self.nodes.of_role("directory"):
            directory.kill()
        fresh = self.track(open_when_live(self.nodes.nodes["e2"].live(KEY, "ws"), limit=5))
        self.publish("live/second")
        second = self.track(open_when_live(self.edge.live("live/second"), limit=10))
        second.wait_seconds(3)
        self.nodes.check(second, "live/second")
        self.assertTrue(self.edge.api("enumerate/live/second")["stale"])
        self.assert_goes_on(viewers=[*self.viewers, fresh])

    def test_all_directories_and_the_relay_in_use_die(self):
        self.start()
        for directory in self.nodes.of_role("directory"):
            directory.kill()
        self.kill_upstream()
        self.assert_goes_on()

    def test_a_publisher_that_returns_within_the_grace_time_continues_the_same_log(self):
        self.start()
        epoch = self.edge.stream(KEY)["epoch"]
        self.publisher.kill()
        wait_until("the state paused", lambda: self.edge.stream(KEY)["state"] == "paused", 5)
        time.sleep(2)
        self.publish()
        wait_until("the state live", lambda: self.edge.stream(KEY)["state"] == "live", 5)
        self.assert_goes_on()
        self.assertEqual(self.edge.stream(KEY)["epoch"], epoch)
        for viewer in self.viewers:
            stamps = [tag.timestamp for tag in viewer.tags if tag.is_frame]
            self.assertEqual(stamps, sorted(stamps))

    def test_a_publisher_that_stays_away_ends_the_stream_after_the_grace_time(self):
        self.start()
        killed = time.monotonic()
        self.publisher.kill()
        for viewer in self.viewers:
            viewer.wait_ended(GRACE_SECONDS + 5)
        self.assertGreater(time.monotonic() - killed, GRACE_SECONDS - 2)
        self.assertEqual(self.viewers[0].close_code, ENDED, self.viewers[0].ending)
        for viewer in self.viewers:
            self.nodes.check(viewer, KEY)
        self.assertEqual(plain_http.request(self.edge.live(KEY)).status, 404)


if __name__ == "__main__":
    unittest.main()
