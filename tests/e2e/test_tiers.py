"""Nine processes: three directories, an origin, three relays, two edges. Each stream goes the way its
enumeration says, and arrives byte for byte at every tier."""

import unittest

from sluice_e2e import publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.processes import wait_until
from sluice_e2e.viewer import Viewer, open_when_live

KEYS = [f"live/room{i}" for i in range(1, 6)]
COPIES = 2
SPREAD = 2


def ids(entries):
    return [entry["id"] for entry in entries]


class Tiers(SluiceTest):
    def setUp(self):
        self.nodes = self.full_cluster()
        self.origin = self.nodes.nodes["o1"]

    def publish_all(self):
        for index, key in enumerate(KEYS):
            start = publish.publish_post if index == 0 else publish.publish_rtmp
            self.track(start(self.origin, key))

    def relays_with(self, key):
        return sorted(relay.id for relay in self.nodes.of_role("relay") if relay.carries(key))

    def test_twenty_seconds_are_the_same_bytes_at_edge_relay_and_origin(self):
        self.publish_all()
        viewers = []
        for key in KEYS:
            for edge in self.nodes.of_role("edge"):
                viewers.append((key, self.track(open_when_live(edge.live(key, "ws")))))
            viewers.append((key, self.track(Viewer(self.nodes.nodes["e1"].live(key, "http")))))
            upstream = self.nodes.nodes[self.nodes.nodes["e1"].stream(key)["upstream"]]
            viewers.append((key, self.track(Viewer(upstream.live(key, "http")))))
            viewers.append((key, self.track(Viewer(self.origin.live(key, "ws")))))
        for _, viewer in viewers:
            viewer.wait_seconds(20, limit=40)
        for key, viewer in viewers:
            self.nodes.check(viewer, key, at_least=1_000_000)

    def test_each_streams_path_follows_its_enumeration(self):
        self.publish_all()
        homes = set()
        for key in KEYS:
            for edge in self.nodes.of_role("edge"):
                self.track(open_when_live(edge.live(key))).wait_seconds(1)
                answer = edge.api(f"enumerate/{key}")
                self.assertEqual(answer["live"], "live")
                order = ids(answer["order"])
                self.assertEqual(sorted(order), ["r1", "r2", "r3"])
                self.assertEqual(ids(answer["head"]), order[:COPIES])
                stream = edge.stream(key)
                self.assertIn(stream["upstream"], order[:SPREAD])
                self.assertEqual(stream["path"], ["o1", stream["upstream"], edge.id])
            self.assertEqual(self.relays_with(key), sorted(order[:COPIES]), "relays whose log holds the stream")
            homes.add(order[0])
        self.assertGreater(len(homes), 1, "the streams are spread over the relays")

    def test_every_node_gives_the_same_enumeration(self):
        self.publish_all()
        for key in KEYS:
            self.track(open_when_live(self.nodes.nodes["e1"].live(key)))
        askable = [self.nodes.nodes[name] for name in ("o1", "r1", "r2", "r3", "e1", "e2")]
        for key in KEYS:
            orders = {node.id: ids(node.api(f"enumerate/{key}")["order"]) for node in askable}
            self.assertEqual(len({tuple(order) for order in orders.values()}), 1, orders)

    def test_an_edge_lists_what_is_live_and_where_it_plays(self):
        self.publish_all()
        edge = self.nodes.nodes["e2"]
        wait_until("all streams in the list",
                   lambda: {entry["key"] for entry in edge.api("streams")["streams"]} >= set(KEYS))
        roles = {entry["id"]: entry["role"] for entry in edge.api("nodes")["nodes"] if entry["role"] != "directory"}
        self.assertEqual(roles,
                         {"o1": "origin", "r1": "relay", "r2": "relay", "r3": "relay", "e1": "edge", "e2": "edge"})

    def test_ffprobe_on_the_edge_sees_the_codecs_and_no_timestamp_going_backwards(self):
        self.publish_all()
        edge = self.nodes.nodes["e2"]
        for key in KEYS[:2]:
            self.track(open_when_live(edge.live(key))).wait_seconds(1)
            publish.assert_plays(self, publish.probe(edge.live(key), seconds=4), ["h264", "aac"])

    def test_a_stream_that_ends_is_gone_from_every_tier(self):
        key = KEYS[1]
        publisher = self.track(publish.publish_rtmp(self.origin, key))
        viewer = self.track(open_when_live(self.nodes.nodes["e1"].live(key, "ws")))
        viewer.wait_seconds(2)
        publisher.close()
        viewer.wait_ended(15)
        self.assertEqual(viewer.close_code, 1000, viewer.ending)
        self.nodes.check(viewer, key)
        wait_until("no relay and no edge to carry it",
                   lambda: not any(self.nodes.nodes[node].carries(key) for node in ("r1", "r2", "r3", "e1", "e2")), 15)


if __name__ == "__main__":
    unittest.main()
