"""Enhanced RTMP: AV1, HEVC and Opus pass through to players; AVC and AAC come out in the form all players know."""

import unittest

from sluice_e2e import enhanced, flv, rtmp
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.page import Page
from sluice_e2e.viewer import open_when_live

CODECS = {"av1+opus": ("av01", "Opus"), "hevc+opus": ("hvc1", "Opus"), "avc1+mp4a": ("avc1", "mp4a")}


class Enhanced(SluiceTest):
    def setUp(self):
        self.nodes = self.cluster()
        self.origin = self.nodes.origin("o1")
        self.nodes.wait_ready()

    def post(self, key, kind):
        return self.track(enhanced.PacedPost(self.origin, key, kind))

    def rtmp(self, key, kind):
        tags = flv.parse(enhanced.sample(kind).read_bytes())
        return self.track(rtmp.Publisher(self.origin, key, tags))

    def watch(self, key, scheme="ws"):
        return self.track(open_when_live(self.origin.live(key, scheme)))

    def open_page(self, key, state, seconds):
        return self.track(Page("page_state.mjs", self.origin.url(f"/watch/{key}"), state, seconds)).seen()

    def assert_frames_are_the_publishers(self, viewer, kind):
        """The video frames the viewer has are consecutive ones of the published file, byte for byte."""
        published = [tag.data for tag in flv.parse(enhanced.sample(kind).read_bytes()) if tag.is_frame]
        seen = [tag.data for tag in viewer.tags if tag.is_frame]
        self.assertGreater(len(seen), 60)
        start = published.index(seen[0])
        self.assertEqual(seen, published[start:start + len(seen)])

    def assert_passes(self, publish, kind):
        key = "live/enhanced"
        publish(key, kind)
        viewers = [self.watch(key, scheme) for scheme in ("ws", "http")]
        for viewer in viewers:
            viewer.wait_seconds(4)
            self.nodes.check(viewer, key, at_least=10_000)
            self.assert_frames_are_the_publishers(viewer, kind)
        stream = self.origin.stream(key)
        self.assertEqual((stream["video"], stream["audio"]), CODECS[kind])

    def test_av1_and_opus_pass_through_post(self):
        self.assert_passes(self.post, "av1+opus")

    def test_hevc_and_opus_pass_through_post(self):
        self.assert_passes(self.post, "hevc+opus")

    def test_av1_and_opus_pass_through_rtmp(self):
        self.assert_passes(self.rtmp, "av1+opus")

    def test_hevc_and_opus_pass_through_rtmp(self):
        self.assert_passes(self.rtmp, "hevc+opus")

    def test_the_server_repeats_the_codecs_an_enhanced_publisher_names(self):
        publisher = self.rtmp("live/named", "av1")
        for codec in (b"av01", b"hvc1", b"Opus"):
            self.assertIn(codec, publisher.enhanced)

    def test_avc1_and_mp4a_come_out_in_the_legacy_form(self):
        for number, publish in enumerate((self.post, self.rtmp)):
            key = f"live/plain{number}"
            publish(key, "avc1+mp4a")
            viewer = self.watch(key)
            viewer.wait_seconds(3)
            self.nodes.check(viewer, key, at_least=100_000)
            for tag in viewer.tags:
                if tag.is_video:
                    self.assertEqual(tag.data[0] & 0x8F, 7, tag)
                elif tag.is_audio:
                    self.assertEqual(tag.data[0], 0xAF, tag)

    def test_the_page_plays_av1_with_opus(self):
        self.rtmp("live/av1", "av1+opus")
        self.watch("live/av1").wait_seconds(1)
        seen = self.open_page("live/av1", "live", 4)
        self.assertEqual(seen["state"], "live", seen)
        # How many a busy machine decodes, without help from hardware, is its own affair.
        self.assertGreaterEqual(seen["frames"], 10, seen)
        self.assertGreaterEqual(seen["seconds"], 2, seen)
        self.assertEqual(seen["console_errors"], [])

    def test_the_page_plays_opus_alone(self):
        self.rtmp("live/opus", "opus")
        self.watch("live/opus")
        seen = self.open_page("live/opus", "live", 4)
        self.assertEqual(seen["state"], "live", seen)
        self.assertGreaterEqual(seen["seconds"], 2, seen)
        self.assertEqual(seen["console_errors"], [])

    def test_the_page_says_that_it_cannot_decode_hevc(self):
        self.rtmp("live/hevc", "hevc+opus")
        self.watch("live/hevc").wait_seconds(1)
        seen = self.open_page("live/hevc", "cannot decode", 2)
        self.assertEqual(seen["state"], "cannot decode", seen)
        self.assertIn("HEVC", seen["detail"])


if __name__ == "__main__":
    unittest.main()
