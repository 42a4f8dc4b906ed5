"""With every directory dead: nodes that start anew go by the relay list they saved."""

import unittest

from sluice_e2e import plain_http, publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import open_when_live

OLD, NEW = "live/old", "live/new"


class NoDirectory(SluiceTest):
    def test_restarted_nodes_start_from_the_saved_list_and_carry_old_and_new_streams(self):
        nodes = self.full_cluster(directories=2)
        self.track(publish.publish_rtmp(nodes.nodes["o1"], OLD))
        running = self.track(open_when_live(nodes.nodes["e1"].live(OLD, "ws")))
        running.wait_seconds(2)
        for node_id in ("e2", "r1"):
            wait_until(f"the list on the disk of {node_id}",
                       lambda n=node_id: all(relay in nodes.saved_list(n) for relay in ('"r1"', '"r2"', '"r3"')))
        for directory in nodes.of_role("directory"):
            directory.kill()
        for node_id in ("e2", "r1"):
            nodes.nodes[node_id].kill()
            nodes.restart(node_id).wait_ready()
        edge = nodes.nodes["e2"]
        self.assertTrue(edge.api(f"enumerate/{OLD}")["stale"])
        late = self.track(open_when_live(edge.live(OLD), limit=10))
        late.wait_seconds(2)
        self.track(publish.publish_rtmp(nodes.nodes["o1"], NEW))
        fresh = self.track(open_when_live(edge.live(NEW, "ws"), limit=10))
        fresh.wait_seconds(3)
        before = running.timestamp
        running.wait("3 s of new video", lambda: running.timestamp >= before + 3000, 15)
        for viewer, key in ((running, OLD), (late, OLD), (fresh, NEW)):
            nodes.check(viewer, key, at_least=100_000)

    def test_a_restarted_origin_says_that_it_cannot_be_found_yet_takes_publishers(self):
        nodes = self.full_cluster(relays=2, edges=1, directories=1)
        wait_until("the list on the origin's disk",
                   lambda: all(relay in nodes.saved_list("o1") for relay in ('"r1"', '"r2"')))
        nodes.nodes["d1"].kill()
        nodes.nodes["o1"].kill()
        origin = nodes.restart("o1")

        def says_why():
            try:
                answer = plain_http.request(origin.url("/readyz"))
            except OSError:
                return False
            self.assertEqual(answer.status, 503)
            return b"refused" in answer.body

        wait_until("the origin to say that its directory refuses it", says_why)
        self.track(publish.publish_rtmp(origin, NEW))
        viewer = self.track(open_when_live(nodes.nodes["e1"].live(NEW), limit=10))
        viewer.wait_seconds(3)
        nodes.check(viewer, NEW, at_least=100_000)


if __name__ == "__main__":
    unittest.main()
