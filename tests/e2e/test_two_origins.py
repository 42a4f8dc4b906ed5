"""Two encoders claim one stream at two origins: who keeps it, and what the other one is told."""

import time
import unittest

from sluice_e2e import flv, oracle, plain_http, publish, rtmp
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
CUT_OFF = 256 * 1024


class TwoOrigins(SluiceTest):
    def start(self, *arguments):
        self.nodes = self.cluster()
        for name in ("d1", "d2"):
            self.nodes.directory(name)
        self.first, self.second = (self.nodes.origin(name, *arguments) for name in ("o1", "o2"))
        for name in ("r1", "r2"):
            self.nodes.relay(name)
        self.edge = self.nodes.edge("e1")
        self.nodes.wait_ready()

    def publish(self, origin):
        return self.track(rtmp.Publisher(origin, KEY, flv.parse(publish.sample().read_bytes()), listens=True))

    def watch(self, seconds=2):
        viewer = self.track(open_when_live(self.edge.live(KEY, "ws")))
        viewer.wait_seconds(seconds)
        return viewer

    def origin_of_stream(self):
        stream = self.edge.stream(KEY)
        return stream["path"][0] if stream and stream["path"] else None

    def assert_told(self, publisher, limit=3.0):
        """The loser's encoder reads an error status and then the end."""
        wait_until("the loser to be told", lambda: publisher.lost is not None, limit)
        self.assertIn("NetStream.Publish.BadName", publisher.lost)

    def test_refuse_keeps_the_encoder_that_is_there_whichever_origin_the_other_one_asks(self):
        self.start()
        self.publish(self.first)
        viewer = self.watch()
        for _ in range(3):
            asked = time.monotonic()
            with self.assertRaisesRegex(rtmp.RtmpError, "NetStream.Publish.BadName.*origin o1"):
                self.publish(self.second)
            self.assertLess(time.monotonic() - asked, 3.0)
        refused = plain_http.request(self.second.live(KEY), "POST", body=publish.sample().read_bytes()[:5000])
        self.assertEqual(refused.status, 409)
        viewer.wait_seconds(viewer.seconds + 2)
        self.nodes.check(viewer, KEY)
        self.assertEqual(self.second.metric("sluice_publishers_refused_total"), 4)

    def test_an_encoder_whose_origin_lost_it_may_go_to_the_other_origin(self):
        """The log is live, but nobody publishes it: the encoder is within its grace time."""
        self.start()
        publisher = self.publish(self.first)
        viewer = self.watch()
        publisher.cut()
        wait_until("the state paused", lambda: self.edge.stream(KEY)["state"] == "paused", 5)
        self.publish(self.second)
        wait_until("the other origin", lambda: self.origin_of_stream() == "o2", 5)
        viewer.wait_seconds(viewer.seconds + 2)
        self.assertIsNone(viewer.ending)

    def test_takeover_moves_viewers_and_tells_the_loser(self):
        self.start("--second-publisher", "takeover")
        loser = self.publish(self.first)
        viewer = self.watch()
        old = viewer.place.epoch
        taken = time.monotonic()
        self.publish(self.second)
        self.assert_told(loser)
        wait_until("the other origin", lambda: self.origin_of_stream() == "o2", 5)
        print(f"moved after {time.monotonic() - taken:.2f} s")
        viewer.wait_seconds(viewer.seconds + 3)
        new = self.edge.stream(KEY)["epoch"]
        recording = viewer.recording
        self.nodes.log(KEY, new, 100_000)
        wait_until("the record", lambda: recording[-64:] in self.nodes.log(KEY, new, 1), 5)
        oracle.check_move(recording, viewer.place, self.nodes.log(KEY, old, 1), self.nodes.log(KEY, new, 1), CUT_OFF)
        self.assertIsNone(self.first.stream(KEY)["path"] or None)

    def test_the_directories_tell_the_loser_where_no_relay_can(self):
        """All relays stand still from before the second encoder comes: neither origin hears of the other by them."""
        self.start("--second-publisher", "takeover")
        loser = self.publish(self.first)
        wait_until("the stream at the directories",
                   lambda: self.edge.api(f"enumerate/{KEY}").get("origin") == "o1", 10)
        relays = self.nodes.of_role("relay")
        for relay in relays:
            relay.freeze()
        winner = self.publish(self.second)
        taken = time.monotonic()
        self.assert_told(loser, 10)
        print(f"told after {time.monotonic() - taken:.2f} s")
        stream = self.first.stream(KEY)
        self.assertFalse(stream and stream["path"], stream)
        for relay in relays:
            relay.thaw()
        wait_until("the winner's log at the relays",
                   lambda: all((relay.stream(KEY) or {"path": []})["path"][:1] == ["o2"] for relay in relays), 15)
        viewer = self.track(open_when_live(self.edge.live(KEY, "ws"), limit=15))
        viewer.wait_seconds(2)
        self.assertEqual(self.origin_of_stream(), "o2")
        self.nodes.check(viewer, KEY)
        self.assertIsNone(winner.lost)
        with self.assertRaisesRegex(rtmp.RtmpError, "NetStream.Publish.BadName"):
            self.publish(self.first)

    def test_two_encoders_that_both_come_back_do_not_go_on_for_ever(self):
        self.start("--second-publisher", "takeover")
        loser = self.publish(self.first)
        self.watch()
        self.publish(self.second)
        self.assert_told(loser)
        wait_until("the other origin", lambda: self.origin_of_stream() == "o2", 5)
        epoch = self.edge.stream(KEY)["epoch"]
        for origin in (self.first, self.second, self.first):
            with self.assertRaisesRegex(rtmp.RtmpError, "NetStream.Publish.BadName"):
                self.publish(origin)
        self.assertEqual(self.edge.stream(KEY)["epoch"], epoch)

    def test_an_origin_that_was_frozen_gives_way_when_it_wakes(self):
        self.start()
        loser = self.publish(self.first)
        viewer = self.watch()
        self.first.freeze()
        frozen = time.monotonic()
        self.publish(self.second)
        wait_until("the other origin", lambda: self.origin_of_stream() == "o2", 5)
        print(f"moved {time.monotonic() - frozen:.2f} s after the freeze")
        self.first.thaw()
        self.assert_told(loser)
        viewer.wait_seconds(viewer.seconds + 2)
        self.assertIsNone(viewer.ending)
        self.assertEqual(self.origin_of_stream(), "o2")
        with self.assertRaisesRegex(rtmp.RtmpError, "NetStream.Publish.BadName.*origin o2"):
            self.publish(self.first)


if __name__ == "__main__":
    unittest.main()
