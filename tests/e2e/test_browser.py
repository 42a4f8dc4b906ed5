"""The watch page in Chromium: the picture moves, stays near live, and the page speaks to its edge alone."""

import json
import pathlib
import subprocess
import unittest

from sluice_e2e import publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.viewer import open_when_live

HERE = pathlib.Path(__file__).resolve().parent
WEB = HERE.parents[1] / "web"
KEY = "live/room1"
WATCH_SECONDS = 10


class Browser(SluiceTest):
    def watch(self, url):
        """Runs the page for ten seconds; returns what it saw."""
        done = subprocess.run(["node", str(HERE / "watch_page.mjs"), str(WEB), url, str(WATCH_SECONDS)],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_picture_moves_for_ten_seconds(self):
        nodes = self.full_cluster(relays=2, edges=1, directories=1)
        edge = nodes.nodes["e1"]
        self.track(publish.publish_rtmp(nodes.nodes["o1"], KEY))
        self.track(open_when_live(edge.live(KEY))).wait_seconds(2)
        seen = self.watch(edge.url(f"/watch/{KEY}"))
        self.assertGreaterEqual(seen["frames"], 8 * publish.FRAME_RATE, seen)
        self.assertTrue(seen["clock_moved"], "two samples of the burned-in clock, 2 s apart, are equal")
        self.assertLessEqual(seen["buffer_seconds"], 3.0, seen)
        self.assertEqual(seen["console_errors"], [])
        self.assertEqual(seen["other_hosts"], [])


if __name__ == "__main__":
    unittest.main()
