"""`--role all`: a whole cluster in one process whose nodes still talk over real sockets."""

import os
import pathlib
import time
import types
import unittest

from sluice_e2e import oracle, plain_http, publish
from sluice_e2e.cluster import SluiceTest, binary
from sluice_e2e.processes import Child, free_shift, wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
SHUTDOWN = 1001  # close code of viewers' WebSockets
ESTABLISHED = "01"
PORTS = (1935, 7700, 7701, 7702, 8080, 8081, 8200, 8300, 8301, 8302, 8400, 8401, 8402, 8500, 8501, 8502)


def established(pid):
    """The (local, remote) ports of the process's established TCP connections."""
    inodes = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    pairs = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == ESTABLISHED and fields[9] in inodes:
                pairs.add(tuple(int(address.rpartition(":")[2], 16) for address in fields[1:3]))
    return pairs


class AllInOne(SluiceTest):
    def setUp(self):
        folder = self.cluster().folder
        self.records = folder / "all"
        self.records.mkdir()
        self.shift = free_shift(PORTS)
        self.process = Child("all", [binary(), "--role", "all", "--port-shift", str(self.shift),
                                     "--record", str(self.records)], folder)
        self.addCleanup(self.process.kill)
        for base in (8080, 8081, 8200, 8300, 8301, 8302, 8400, 8401, 8402):
            wait_until(f"readiness at {base}", lambda b=base: self.ready(b), 15)
        origin = types.SimpleNamespace(log=self.process.log, ports={"rtmp": 1935 + self.shift})
        self.track(publish.publish_rtmp(origin, KEY))

    def url(self, base, path, scheme="http"):
        return f"{scheme}://127.0.0.1:{base + self.shift}{path}"

    def ready(self, base):
        try:
            return plain_http.request(self.url(base, "/readyz")).status == 200
        except OSError:
            return False

    def test_the_nodes_of_one_process_carry_the_picture_over_real_connections(self):
        viewers = [self.track(open_when_live(self.url(base, f"/{KEY}.flv", scheme)))
                   for base in (8080, 8081) for scheme in ("ws", "http")]
        for viewer in viewers:
            viewer.wait_seconds(4)
        remotes = [remote for _, remote in established(self.process.pid)]
        for base in (8080, 8081):
            upstream = plain_http.get_json(self.url(base, f"/api/v1/streams/{KEY}"))["upstream"]
            self.assertIn(8500 + self.shift + int(upstream.rpartition("-")[2]) - 1, remotes, "an edge's pull")
        trunks = [remote for remote in remotes if remote - self.shift in (8500, 8501, 8502)]
        self.assertGreaterEqual(len(trunks), 4, "the origin's two pushes and each edge's pull")
        for control in (7700, 7701, 7702):
            self.assertGreaterEqual(remotes.count(control + self.shift), 6, "each other node reaches each directory")
        for viewer in viewers:
            recording = viewer.recording
            record = oracle.record_path(self.records, KEY, viewer.place.epoch)
            log = oracle.read_log(record, viewer.place.join + len(recording) - viewer.place.preface)
            oracle.check(recording, viewer.place, log, at_least=300_000)

    def test_a_signal_ends_everything_within_five_seconds_and_viewers_are_told(self):
        viewer = self.track(open_when_live(self.url(8080, f"/{KEY}.flv", "ws")))
        viewer.wait_seconds(2)
        asked = time.monotonic()
        self.process.stop(limit=6)
        self.assertLess(time.monotonic() - asked, 5)
        self.assertEqual(self.process.status, 0, self.process.tail())
        viewer.wait_ended(2)
        self.assertEqual(viewer.close_code, SHUTDOWN, viewer.ending)


if __name__ == "__main__":
    unittest.main()
