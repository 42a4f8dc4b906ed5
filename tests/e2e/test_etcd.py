"""Directories that share an etcd: policy and relay list, with it, without it, and after it."""

import shutil
import unittest

from sluice_e2e import plain_http, publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.ctl import Ctl
from sluice_e2e.etcd import Etcd
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"


@unittest.skipUnless(shutil.which("etcd"), "etcd is not installed")
class Store(SluiceTest):
    def setUp(self):
        self.etcd = self.track(Etcd(self.folder))
        self.etcd.start()
        self.nodes = self.cluster()
        self.directories = [self.nodes.directory(name, "--store", "etcd", "--etcd", self.etcd.url)
                            for name in ("d1", "d2")]

    def start(self):
        self.nodes.origin("o1")
        for name in ("r1", "r2"):
            self.nodes.relay(name)
        self.nodes.edge("e1")
        self.nodes.wait_ready()
        self.wait_store("fresh")

    def wait_store(self, state):
        for directory in self.directories:
            wait_until(f"the store to be {state} at {directory.id}",
                       lambda d=directory: Ctl(d).json("policy")["store"] == state, 15)

    def store_check(self, directory):
        checks = plain_http.get_json(directory.url("/readyz"))["checks"]
        return next(check for check in checks if check["name"] == "store")["detail"]

    def wait_copies(self, directory, copies):
        wait_until(f"{copies} copies at {directory.id}",
                   lambda: Ctl(directory).json("policy")["copies"] == copies, 15)

    def test_a_change_at_one_directory_is_the_others_and_outlives_both(self):
        for directory in self.directories:
            directory.wait_ready()
        self.wait_store("fresh")
        first, second = self.directories
        self.assertEqual(Ctl(first).json("policy", "copies", "3")["copies"], 3)
        self.wait_copies(second, 3)
        for directory in self.directories:
            directory.kill()
        for directory in self.directories:
            again = self.nodes.restart(directory.id)
            again.wait_ready()
            self.wait_copies(again, 3)

    def test_while_etcd_is_dead_the_last_list_counts_and_is_marked_stale(self):
        self.start()
        self.track(publish.publish_rtmp(self.nodes.nodes["o1"], KEY))
        viewer = self.track(open_when_live(self.nodes.nodes["e1"].live(KEY, "ws")))
        viewer.wait_seconds(2)
        self.etcd.process.kill()
        self.wait_store("stale")
        for directory in self.directories:
            self.assertIn("stale", self.store_check(directory))
            self.assertEqual(directory.metric("sluice_store_fresh"), 0)
        self.assertIn("stale", Ctl(self.directories[0]).text("policy"))
        status, sentence = Ctl(self.directories[0]).refused("policy", "copies", "1")
        self.assertEqual(status, 1)
        self.assertIn("store does not answer", sentence)
        before = viewer.timestamp
        viewer.wait("8 s of new video", lambda: viewer.timestamp >= before + 8000, 20)
        rows = {row["NODE"]: row["STATE"] for row in Ctl(self.directories[0]).rows("nodes")}
        self.assertEqual((rows["r1"], rows["r2"]), ("ready", "ready"))
        self.nodes.check(viewer, KEY, at_least=500_000)
        self.etcd.start()
        self.wait_store("fresh")
        self.assertEqual(Ctl(self.directories[1]).json("policy", "copies", "1")["copies"], 1)
        self.wait_copies(self.directories[0], 1)

    def test_a_relay_that_only_one_directory_hears_is_known_to_the_other(self):
        first, second = self.directories
        for directory in self.directories:
            directory.wait_ready()
        self.wait_store("fresh")
        alone = self.cluster_of(first)
        relay = alone.relay("r9")
        wait_until("the relay at the directory that it knows",
                   lambda: "r9" in [row["NODE"] for row in Ctl(first).rows("nodes")], 15)
        wait_until("the relay at the other", lambda: {row["NODE"]: row["HEARD"] for row in Ctl(second).rows("nodes")}
                   .get("r9") == "elsewhere", 15)
        self.assertIn("r9", [entry["id"] for entry in Ctl(second).json("enumerate", KEY)["order"]])
        relay.kill()
        wait_until("its end at the other", lambda: "r9" not in [row["NODE"] for row in Ctl(second).rows("nodes")], 30)

    def cluster_of(self, directory):
        """Nodes that know this directory alone."""
        nodes = self.cluster()
        nodes.know(directory)
        return nodes


if __name__ == "__main__":
    unittest.main()
