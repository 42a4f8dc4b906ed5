"""Publishers that come second, vanish, return, or end: what they are told, and what viewers see of it."""

import unittest

from sluice_e2e import flv, publish, rtmp
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import Viewer, open_when_live

KEY = "live/room1"
TOKEN = "s3cr3t-t0k3n"


class Publishers(SluiceTest):
    def start(self, *arguments):
        self.nodes = self.cluster()
        self.origin = self.nodes.origin("o1", *arguments)
        self.nodes.wait_ready()

    def publish(self, **options):
        return self.track(publish.publish_rtmp(self.origin, KEY, **options))

    def watch(self, scheme="ws"):
        return self.track(open_when_live(self.origin.live(KEY, scheme)))

    def state(self):
        stream = self.origin.stream(KEY)
        return stream["state"] if stream else None

    def test_a_second_publisher_is_told_bad_name_and_disturbs_nobody(self):
        self.start()
        first = self.publish()
        viewer = self.watch()
        second = self.publish()
        self.assertNotEqual(second.wait(10), 0)
        self.assertIn(f"{KEY} is being published", second.tail())
        with self.assertRaisesRegex(rtmp.RtmpError, "NetStream.Publish.BadName"):
            rtmp.Publisher(self.origin, KEY, flv.parse(publish.sample().read_bytes()))
        viewer.wait_seconds(viewer.seconds + 2)
        self.nodes.check(viewer, KEY)
        self.assertTrue(first.alive)
        self.assertEqual(self.origin.metric("sluice_publishers_refused_total"), 2)

    def test_with_takeover_the_second_publisher_wins_and_viewers_stay(self):
        self.start("--second-publisher", "takeover")
        first = self.publish()
        viewer = self.watch()
        viewer.wait_seconds(2)
        second = self.publish()
        self.assertNotEqual(first.wait(10), 0)
        viewer.wait_seconds(viewer.seconds + 3)
        self.nodes.check(viewer, KEY)
        self.assertTrue(second.alive)

    def test_a_publisher_that_is_killed_and_returns_continues_the_same_log(self):
        self.start("--grace", "8")
        first = self.publish()
        viewers = [self.watch("ws"), self.watch("http")]
        viewers[0].wait_seconds(2)
        first.kill()
        wait_until("the origin to notice", lambda: self.state() == "paused", 5)
        self.publish()
        for viewer in viewers:
            viewer.wait_seconds(viewer.seconds + 3)
            self.nodes.check(viewer, KEY)
        self.assertEqual(self.state(), "live")
        self.assertEqual(self.origin.stream(KEY)["epoch"], viewers[0].place.epoch)

    def test_viewers_are_told_that_it_ended_when_a_killed_publisher_does_not_return(self):
        self.start("--grace", "2")
        first = self.publish()
        viewer = self.watch()
        viewer.wait_seconds(1)
        first.kill()
        self.assertEqual(viewer.wait_ended(5), "close 1000 'ended'")
        self.nodes.check(viewer, KEY)
        self.assertIsNone(self.state())

    def test_viewers_are_told_at_once_that_it_ended_when_the_publisher_says_so(self):
        self.start("--grace", "30")
        for start in (publish.publish_rtmp, publish.publish_post):
            publisher = self.track(start(self.origin, KEY))
            viewers = [self.watch("ws"), self.watch("http")]
            viewers[0].wait_seconds(1)
            publisher.close()
            self.assertEqual(viewers[0].wait_ended(3), "close 1000 'ended'")
            self.assertEqual(viewers[1].wait_ended(3), "end of body")
            for viewer in viewers:
                self.nodes.check(viewer, KEY)
            self.assertIsNone(self.state())

    def test_a_goodbye_counts_though_the_publisher_does_not_wait_for_its_answer(self):
        self.start("--grace", "30")
        tags = flv.parse(publish.sample().read_bytes())
        for _ in range(5):
            publisher = self.track(rtmp.Publisher(self.origin, KEY, tags))
            viewer = self.watch()
            viewer.wait_seconds(1)
            publisher.close()
            self.assertEqual(viewer.wait_ended(3), "close 1000 'ended'")

    def test_a_log_after_an_end_is_of_a_higher_epoch_and_goes_on_in_time(self):
        self.start()
        places, last = [], -1
        for _ in range(2):
            publisher = self.publish()
            viewer = self.watch()
            viewer.wait_seconds(2)
            publisher.close()
            viewer.wait_ended(3)
            places.append(viewer.place)
            self.assertGreater(next(tag.timestamp for tag in viewer.tags if tag.is_frame), last)
            last = viewer.timestamp
        self.assertGreater(int(places[1].epoch), int(places[0].epoch))

    def test_another_codec_after_the_return_ends_the_log_with_a_code_to_reopen_at(self):
        self.start()
        first = self.publish()
        viewer = self.watch()
        viewer.wait_seconds(1)
        first.kill()
        self.publish(source=publish.sample(audio=False))
        self.assertEqual(viewer.wait_ended(5), "close 4001 'changed'")
        self.nodes.check(viewer, KEY)
        again = self.watch()
        again.wait_seconds(2)
        self.assertFalse(any(tag.is_audio for tag in again.tags))
        self.nodes.check(again, KEY)

    def test_tokens_stay_out_of_logs_and_answers(self):
        self.start("--log-level", "debug")
        params = f"?token={TOKEN}"
        self.publish(params=params)
        self.watch().wait_seconds(1)
        self.track(Viewer(self.origin.live(KEY, "ws") + params)).wait_seconds(1)
        refused = self.publish(params=params)
        refused.wait(10)
        self.assertNotEqual(self.track(publish.publish_post(self.origin, KEY, params=params)).wait(10), 0)
        self.assertEqual(self.origin.stream(KEY)["key"], KEY)
        self.assertNotIn(TOKEN, self.origin.log.read_text())
        self.assertNotIn(TOKEN, str(self.origin.api("streams")))
        self.assertFalse([path for path in self.nodes.records.iterdir() if TOKEN in path.name])


if __name__ == "__main__":
    unittest.main()
