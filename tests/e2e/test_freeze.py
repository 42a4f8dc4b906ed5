"""Most relays die at once: the directories keep them on the list until half are back, or an operator lets it go on."""

import unittest

from sluice_e2e import publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.ctl import Ctl
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
LEASE_MS = 5000
FREEZE_LIMIT = 30.0  # a lease of 5 s, on a busy machine


class Freeze(SluiceTest):
    def setUp(self):
        self.nodes = self.full_cluster(relays=4, edges=1, directories=2)
        self.directories = self.nodes.of_role("directory")
        self.ctl = Ctl(*self.directories)
        self.edge = self.nodes.nodes["e1"]

    def kill_all_relays_but(self, survivor):
        """Returns the ids of the killed ones, once every directory has frozen its list."""
        killed = {relay.id for relay in self.nodes.of_role("relay")} - {survivor}
        for relay in killed:
            self.nodes.nodes[relay].kill()
        for directory in self.directories:
            wait_until(f"{directory.id} to freeze its list", lambda d=directory: self.frozen(d), FREEZE_LIMIT)
        return killed

    def frozen(self, directory):
        """What the directory says to operators and to Prometheus."""
        said = Ctl(directory).json("policy")["frozen"]
        return said and directory.metric("sluice_directory_frozen") == 1

    def relays(self, directory):
        return {row["id"]: row for row in Ctl(directory).json("nodes")["nodes"] if row["role"] == "relay"}

    def wait_listed(self, expected):
        for directory in self.directories:
            wait_until(f"the relays {sorted(expected)} at {directory.id}",
                       lambda d=directory: set(self.relays(d)) == expected, FREEZE_LIMIT)

    def wait_thawed(self):
        for directory in self.directories:
            wait_until(f"{directory.id} to let its list go on",
                       lambda d=directory: not Ctl(d).json("policy")["frozen"]
                       and d.metric("sluice_directory_frozen") == 0, FREEZE_LIMIT)

    def test_a_frozen_list_keeps_its_relays_until_an_operator_thaws_it_and_viewers_see_nothing(self):
        self.track(publish.publish_rtmp(self.nodes.nodes["o1"], KEY))
        viewer = self.track(open_when_live(self.edge.live(KEY, "ws")))
        viewer.wait_seconds(2)
        survivor = self.edge.stream(KEY)["upstream"]
        killed = self.kill_all_relays_but(survivor)

        def kept():
            # Long after their leases ended.
            return all(relays[relay]["state"] == "suspect" and relays[relay]["last_heard_ms"] > LEASE_MS + 1000
                       for relays in map(self.relays, self.directories) for relay in killed)

        wait_until("the silent relays to be kept as suspect", kept, FREEZE_LIMIT)
        self.assertIn("note: frozen", self.ctl.text("policy"))
        wait_until("the survivor's rank", lambda: self.edge.api(f"enumerate/{KEY}")["order"][0]["id"] == survivor)
        self.assertEqual({rank["id"] for rank in self.edge.api(f"enumerate/{KEY}")["order"]}, killed | {survivor})

        self.assertEqual(self.ctl.text("thaw"), "thawed: relays that are not heard expire\n")
        self.wait_listed({survivor})
        self.wait_thawed()
        wait_until("the edge's list",
                   lambda: [rank["id"] for rank in self.edge.api(f"enumerate/{KEY}")["order"]] == [survivor])
        self.assertEqual(self.ctl.json("thaw"), {"thawed": False, "unreached": []})
        before = viewer.timestamp
        viewer.wait("3 s of new video", lambda: viewer.timestamp >= before + 3000, 15)
        self.nodes.check(viewer, KEY, at_least=300_000)

    def test_a_frozen_list_goes_on_by_itself_when_half_of_its_relays_are_back(self):
        killed = sorted(self.kill_all_relays_but("r1"))
        back, gone = killed[:2], killed[2]
        for relay in back:
            self.nodes.restart(relay).wait_ready()
        self.wait_thawed()
        self.wait_listed({"r1", *back})
        self.assertNotIn(gone, {row["NODE"] for row in self.ctl.rows("nodes")})
        self.assertNotIn("frozen", self.ctl.text("policy"))

    def test_thaw_names_a_directory_that_it_could_not_tell(self):
        self.directories[0].kill()
        told = self.ctl.json("thaw")
        self.assertEqual(told["thawed"], False)
        address = f"127.0.0.1:{self.directories[0].ports['control']}"
        self.assertEqual([one["directory"] for one in told["unreached"]], [address])
        self.assertIn(f"not told, it may stay frozen: {address}", self.ctl.text("thaw"))


if __name__ == "__main__":
    unittest.main()
