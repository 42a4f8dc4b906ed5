"""A publisher that POSTs FLV gets the same result as one that speaks RTMP."""

import socket
import unittest

from sluice_e2e import flv, oracle, plain_http, publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.viewer import open_when_live

KEY = "live/posted"


class Post(SluiceTest):
    def setUp(self):
        self.nodes = self.cluster()
        self.origin = self.nodes.origin("o1")
        self.nodes.wait_ready()

    def test_a_posted_stream_plays_byte_for_byte(self):
        self.track(publish.publish_post(self.origin, KEY))
        viewers = [self.track(open_when_live(self.origin.live(KEY, scheme))) for scheme in ("ws", "http")]
        for viewer in viewers:
            viewer.wait_seconds(8)
            self.nodes.check(viewer, KEY, at_least=500_000)
        publish.assert_plays(self, publish.probe(self.origin.live(KEY), seconds=4), ["h264", "aac"])

    def test_post_and_rtmp_give_the_same_frames(self):
        frames = {}
        for key, start in (("live/a", publish.publish_rtmp), ("live/b", publish.publish_post)):
            self.track(start(self.origin, key))
            viewer = self.track(open_when_live(self.origin.live(key)))
            viewer.wait_seconds(3)
            log = self.nodes.log(key, viewer.place.epoch, 100_000)
            frames[key] = [tag.data for tag in flv.parse(log, file_header=False) if tag.is_frame][:60]
            self.assertEqual(len(frames[key]), 60)
        self.assertEqual(frames["live/a"], frames["live/b"])

    def test_a_second_publisher_of_a_live_key_is_told_409(self):
        self.track(publish.publish_rtmp(self.origin, KEY))
        viewer = self.track(open_when_live(self.origin.live(KEY)))
        viewer.wait_seconds(1)
        body = publish.sample().read_bytes()[:200_000]
        answer = plain_http.request(self.origin.live(KEY), "POST", body)
        self.assertEqual(answer.status, 409)
        self.assertIn(KEY, answer.json()["message"])
        viewer.wait_seconds(viewer.seconds + 2)
        self.nodes.check(viewer, KEY)

    def test_a_body_that_is_no_flv_is_a_400_that_says_where(self):
        answer = plain_http.request(self.origin.live(KEY), "POST", b"this is not a video" * 10)
        self.assertEqual(answer.status, 400)
        self.assertIn("FLV", answer.json()["message"])

    def test_a_publisher_that_waits_for_100_continue_gets_it(self):
        with socket.create_connection(("127.0.0.1", self.origin.ports["http"]), timeout=5) as connection:
            connection.sendall(f"POST /{KEY}.flv HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                               "Expect: 100-continue\r\n\r\n".encode())
            self.assertIn(b"100 Continue", connection.recv(4096))

    def test_the_record_of_a_posted_stream_is_its_log(self):
        self.track(publish.publish_post(self.origin, KEY))
        viewer = self.track(open_when_live(self.origin.live(KEY)))
        viewer.wait_seconds(2)
        path = oracle.record_path(self.nodes.records, KEY, viewer.place.epoch)
        publish.assert_plays(self, publish.probe(path), ["h264", "aac"])


if __name__ == "__main__":
    unittest.main()
