"""One origin alone: ffmpeg in over RTMP, plain viewers out over WebSocket and HTTP, byte for byte."""

import unittest

from sluice_e2e import plain_http, publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.viewer import Viewer, open_when_live

KEY = "live/room1"


class ThinLine(SluiceTest):
    def setUp(self):
        self.nodes = self.cluster()
        self.origin = self.nodes.origin("o1", "--drain-timeout", "0")
        self.nodes.wait_ready()

    def publish(self, source=None, key=KEY):
        return self.track(publish.publish_rtmp(self.origin, key, source))

    def watch(self, scheme, key=KEY):
        return self.track(open_when_live(self.origin.live(key, scheme)))

    def test_what_viewers_record_is_what_the_origin_recorded(self):
        self.publish()
        first = [self.watch("ws"), self.watch("http")]
        first[0].wait_seconds(4)
        late = [self.watch("ws"), self.watch("http")]
        for viewer in first + late:
            viewer.wait_seconds(8)
        for viewer in first + late:
            self.nodes.check(viewer, KEY, at_least=500_000)
        self.assertGreater(late[0].place.join, first[0].place.join)

    def test_ffprobe_sees_the_codecs_and_no_timestamp_going_backwards(self):
        self.publish()
        self.watch("ws").wait_seconds(1)
        publish.assert_plays(self, publish.probe(self.origin.live(KEY), seconds=4), ["h264", "aac"])

    def test_a_recording_file_is_a_playable_flv(self):
        publisher = self.publish()
        viewer = self.watch("http")
        viewer.wait_seconds(4)
        publisher.close()
        self.origin.stop()
        record, = self.nodes.records.glob("*.flv")
        publish.assert_plays(self, publish.probe(record), ["h264", "aac"])
        self.nodes.check(viewer, KEY)

    def test_streams_of_one_track_play(self):
        for key, source, codecs in (("live/silent", publish.sample(audio=False), ["h264"]),
                                    ("live/radio", publish.sample(video=False), ["aac"])):
            self.publish(source, key)
            viewer = self.watch("ws", key)
            viewer.wait("tags", lambda v=viewer: len(v.tags) > 60)
            self.nodes.check(viewer, key)
            publish.assert_plays(self, publish.probe(self.origin.live(key), seconds=2), codecs)

    def test_a_stream_that_is_not_live_is_a_404_at_once_over_both(self):
        for scheme in ("http", "ws"):
            with self.assertRaises(plain_http.Refused) as refused:
                Viewer(self.origin.live("live/nobody", scheme))
            self.assertEqual(refused.exception.status, 404)
        error = plain_http.request(self.origin.live("live/nobody")).json()
        self.assertIn("live/nobody", error["message"])

    def test_the_alias_with_live_in_the_name_plays_too(self):
        self.publish()
        self.watch("http").wait_seconds(1)
        viewer = self.track(Viewer(self.origin.url(f"/{KEY}.live.flv")))
        viewer.wait_seconds(1)
        self.nodes.check(viewer, KEY)

    def test_head_and_cors_answer_as_browsers_need(self):
        self.publish()
        self.watch("http").wait_seconds(1)
        head = plain_http.request(self.origin.live(KEY), "HEAD", headers={"Origin": "http://elsewhere.example"})
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Type"], "video/x-flv")
        self.assertEqual(head.headers["Access-Control-Allow-Origin"], "*")

    def test_sigterm_without_a_drain_ends_within_five_seconds_and_viewers_get_a_close_frame(self):
        self.publish()
        viewer = self.watch("ws")
        viewer.wait_seconds(1)
        self.assertEqual(self.origin.stop(limit=5), 0)
        viewer.wait_ended(2)
        self.assertEqual(viewer.close_code, 1001, viewer.ending)


if __name__ == "__main__":
    unittest.main()
