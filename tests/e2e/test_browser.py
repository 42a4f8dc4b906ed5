"""The watch page in Chromium: the picture moves, stays near live, and the page speaks to its edge alone."""

import unittest

from sluice_e2e import publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.page import Page
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
WATCH_SECONDS = 10


class Browser(SluiceTest):
    def test_the_picture_moves_for_ten_seconds(self):
        nodes = self.full_cluster(relays=2, edges=1, directories=1)
        edge = nodes.nodes["e1"]
        self.track(publish.publish_rtmp(nodes.nodes["o1"], KEY))
        self.track(open_when_live(edge.live(KEY))).wait_seconds(2)
        seen = self.track(Page("watch_page.mjs", edge.url(f"/watch/{KEY}"), WATCH_SECONDS)).seen()
        self.assertGreaterEqual(seen["frames"], 8 * publish.FRAME_RATE, seen)
        self.assertTrue(seen["clock_moved"], "two samples of the burned-in clock, 2 s apart, are equal")
        self.assertLessEqual(seen["buffer_seconds"], 3.0, seen)
        self.assertEqual(seen["console_errors"], [])
        self.assertEqual(seen["other_hosts"], [])


if __name__ == "__main__":
    unittest.main()
