"""A stream moves to another origin: viewers keep their sockets and see one clean seam."""

import time
import unittest

from sluice_e2e import flv, oracle, publish, rtmp
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.page import Page
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
# The bar is the publisher's own absence and one second; the rest is for a loaded machine.
PAUSE_LIMIT = 1.0 + 2.0
# Written by the origin but not on its disk yet when it was killed.
CUT_OFF = 256 * 1024


class Move(SluiceTest):
    def start(self, *arguments, directories=3):
        self.nodes = self.cluster()
        for i in range(directories):
            self.nodes.directory(f"d{i + 1}")
        self.origins = [self.nodes.origin(name, *arguments) for name in ("o1", "o2")]
        for name in ("r1", "r2", "r3"):
            self.nodes.relay(name)
        self.edges = [self.nodes.edge(name) for name in ("e1", "e2")]
        self.nodes.wait_ready()

    def publish(self, origin, source=None):
        """An encoder that is quick to start."""
        tags = flv.parse((source or publish.sample()).read_bytes())
        return self.track(rtmp.Publisher(origin, KEY, tags))

    def watch(self):
        viewers = [self.track(open_when_live(edge.live(KEY, scheme)))
                   for edge in self.edges for scheme in ("ws", "http")]
        for viewer in viewers:
            viewer.wait_seconds(3)
        return viewers

    def wait_moved(self, old_epoch):
        """Until every edge has the newer log; returns its epoch."""
        def moved(edge):
            stream = edge.stream(KEY)
            return stream and stream["epoch"] != old_epoch and stream["epoch"]
        return [wait_until(f"{edge.id} to have a newer log", lambda e=edge: moved(e), 15) for edge in self.edges][0]

    def assert_moved(self, viewers, new_epoch, seconds=3, cut_off=CUT_OFF):
        """Every viewer got that much of the newer log over the socket it has."""
        for viewer in viewers:
            goal = viewer.timestamp + 1000 * seconds
            viewer.wait("the newer log", lambda v=viewer, g=goal: v.timestamp >= g, seconds + 15)
        for viewer in viewers:
            recording = viewer.recording
            first = self.nodes.log(KEY, viewer.place.epoch, 1)
            self.wait_recorded(new_epoch, recording)
            second = self.nodes.log(KEY, new_epoch, 1)
            before, after = oracle.check_move(recording, viewer.place, first, second, cut_off)
            self.assertGreater(before, 100_000)
            self.assertGreater(after, 100_000)

    def wait_recorded(self, epoch, recording):
        """The record file may trail the viewers."""
        end = recording[-64:]
        wait_until("the origin's record", lambda: end in self.nodes.log(KEY, epoch, 1), 5)

    @staticmethod
    def longest_pause(viewer, since):
        times = [when for when, _ in viewer.marks]
        gaps = [(b - a) for a, b in zip(times, times[1:]) if b >= since]
        return max(gaps)

    def test_the_origin_dies_and_the_encoder_goes_to_another_one(self):
        self.start()
        self.publish(self.origins[0])
        viewers = self.watch()
        old_epoch = viewers[0].place.epoch
        killed = time.monotonic()
        self.origins[0].kill()
        back = time.monotonic()
        self.publish(self.origins[1])
        new_epoch = self.wait_moved(old_epoch)
        self.assert_moved(viewers, new_epoch)
        pauses = [self.longest_pause(viewer, killed) for viewer in viewers]
        print(f"pauses {[round(p, 3) for p in pauses]}")
        self.assertLess(max(pauses), back - killed + PAUSE_LIMIT)
        for edge in self.edges:
            self.assertEqual(edge.metric("sluice_viewers_carried_total"), 2)
            self.assertGreater(edge.metric("sluice_viewer_carry_gap_seconds_total"), 0)

    def test_the_encoder_stays_away_for_seconds_and_the_sockets_wait(self):
        self.start()
        self.publish(self.origins[0])
        viewers = self.watch()
        self.origins[0].kill()
        gone = time.monotonic()
        time.sleep(6)
        back = time.monotonic()
        self.publish(self.origins[1])
        self.assert_moved(viewers, self.wait_moved(viewers[0].place.epoch))
        for viewer in viewers:
            self.assertLess(self.longest_pause(viewer, gone), back - gone + PAUSE_LIMIT)

    def test_with_all_directories_dead_the_relays_know_enough(self):
        self.start()
        self.publish(self.origins[0])
        viewers = self.watch()
        for directory in self.nodes.of_role("directory"):
            directory.kill()
        self.origins[0].kill()
        self.publish(self.origins[1])
        self.assert_moved(viewers, self.wait_moved(viewers[0].place.epoch))

    def test_another_codec_at_the_new_origin_makes_the_viewers_open_again(self):
        self.start()
        self.publish(self.origins[0])
        viewers = self.watch()
        self.origins[0].kill()
        self.publish(self.origins[1], publish.sample(audio=False))
        for viewer in viewers:
            viewer.wait_ended(15)
            self.assertIn(viewer.close_code, (4001, None))
        fresh = self.track(open_when_live(self.edges[0].live(KEY, "ws")))
        fresh.wait_seconds(1)
        self.nodes.check(fresh, KEY)

    def test_the_page_keeps_playing_across_the_move(self):
        self.start()
        self.publish(self.origins[0])
        self.watch()
        page = self.track(Page("page_timeline.mjs", self.edges[0].url(f"/watch/{KEY}"), 14))
        page.wait_live()
        self.origins[0].kill()
        self.publish(self.origins[1])
        seen = page.seen()
        samples = seen["samples"]
        self.assertEqual(seen["console_errors"], [])
        self.assertEqual({sample["reconnects"] for sample in samples}, {0}, "the page opened a second socket")
        self.assertGreater(len({sample["epoch"] for sample in samples}), 1, "the page saw no newer log")
        times = [sample["time"] for sample in samples]
        self.assertEqual(times, sorted(times))
        self.assertEqual(samples[-1]["state"], "live")
        last = [sample for sample in samples if sample["at"] > samples[-1]["at"] - 3000]
        self.assertGreater(last[-1]["time"] - last[0]["time"], 2.0, last)
        self.assertGreater(last[-1]["frames"] - last[0]["frames"], 2 * publish.FRAME_RATE, last)


if __name__ == "__main__":
    unittest.main()
