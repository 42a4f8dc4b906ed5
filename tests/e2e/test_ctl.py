"""`sluice ctl` against real clusters: what it shows, and what its changes do to running streams."""

import unittest

from sluice_e2e import publish
from sluice_e2e.cluster import SluiceTest
from sluice_e2e.ctl import Ctl
from sluice_e2e.processes import free_port, wait_until
from sluice_e2e.viewer import open_when_live

KEY = "live/room1"
EVERYBODY = {"e1", "e2", "o1", "r1", "r2", "r3"}


def ids(entries):
    return [entry["id"] for entry in entries]


class Shown(SluiceTest):
    def setUp(self):
        self.nodes = self.full_cluster(directories=2)
        self.ctl = Ctl(*self.nodes.of_role("directory"))
        self.origin, self.edge = self.nodes.nodes["o1"], self.nodes.nodes["e1"]

    def play(self):
        self.track(publish.publish_rtmp(self.origin, KEY))
        viewer = self.track(open_when_live(self.edge.live(KEY, "ws")))
        viewer.wait_seconds(3)
        return viewer

    def test_nodes_and_streams_are_shown_to_people_and_to_programs(self):
        self.play()
        rows = {row["NODE"]: row for row in self.ctl.rows("nodes")}
        self.assertEqual(set(rows), EVERYBODY | {"d1", "d2"})
        self.assertEqual((rows["r1"]["BY"], rows["d2"]["BY"], rows["d2"]["ROLE"]), ("2/2", "1/2", "directory"))
        self.assertEqual((rows["r1"]["ROLE"], rows["r1"]["STATE"], rows["r1"]["WEIGHT"]), ("relay", "ready", "1"))
        self.assertEqual(rows["e1"]["ADDRESS"], self.edge.url("").rstrip("/"))

        def busy():
            nodes = {node["id"]: node for node in self.ctl.json("nodes")["nodes"]}
            return nodes["e1"]["viewers"] == 1 and nodes["e1"]["egress_bps"] > 100_000 and nodes["e1"]["streams"] == 1

        wait_until("the edge's load", busy, 10)
        upstream = self.edge.stream(KEY)["upstream"]
        wait_until("the relay's pulls", lambda: {node["id"]: node for node in self.ctl.json("nodes")["nodes"]}
                   [upstream]["pulls"] == 1, 10)
        (stream,) = self.ctl.rows("streams")
        self.assertEqual((stream["STREAM"], stream["STATE"], stream["ORIGIN"]), (KEY, "live", "o1"))
        (stream,) = self.ctl.json("streams")["streams"]
        self.assertEqual(stream["epoch"], self.edge.stream(KEY)["epoch"])

    def test_an_enumeration_is_shown_and_explained_as_edges_get_it(self):
        self.play()
        theirs = self.edge.api(f"enumerate/{KEY}")
        ours = self.ctl.json("enumerate", KEY)
        self.assertEqual(ids(ours["order"]), ids(theirs["order"]))
        self.assertEqual((ours["live"], ours["origin"], ours["digest"]), ("live", "o1", theirs["digest"]))
        self.assertEqual([row["RELAY"] for row in self.ctl.rows("enumerate", KEY)], ids(theirs["order"]))
        self.ctl.text("drain", theirs["order"][0]["id"])
        rows = self.ctl.rows("explain", KEY)
        self.assertEqual(rows[-1]["RELAY"], theirs["order"][0]["id"])
        self.assertIn("drained by an operator", rows[-1]["WHY HERE"])
        self.assertIn("the origin pushes to it", rows[0]["WHY HERE"])
        told = self.ctl.json("explain", KEY)
        self.assertEqual(told["policy"]["drained"], [theirs["order"][0]["id"]])
        self.assertEqual(told["order"][0]["node"]["role"], "relay")

    def test_a_drained_relay_is_left_without_a_lost_byte_and_takes_streams_again(self):
        viewer = self.play()
        order = ids(self.edge.api(f"enumerate/{KEY}")["order"])
        drained = self.edge.stream(KEY)["upstream"]
        self.assertEqual(self.ctl.text("drain", drained), f"{drained} is drained\n")
        wait_until("another upstream", lambda: self.edge.stream(KEY)["upstream"] not in (drained, None), 10)
        before = viewer.timestamp
        viewer.wait("3 s of new video", lambda: viewer.timestamp >= before + 3000, 15)
        self.nodes.check(viewer, KEY, at_least=300_000)
        self.assertEqual(ids(self.ctl.json("enumerate", KEY)["order"])[-1], drained)
        self.ctl.text("undrain", drained)
        wait_until("its rank", lambda: ids(self.edge.api(f"enumerate/{KEY}")["order"]) == order, 10)
        self.assertEqual(self.ctl.json("policy")["drained"], [])

    def test_a_weight_moves_streams_between_relays(self):
        keys = [f"live/key{i}" for i in range(60)]

        def firsts(node):
            return sum(ids(self.ctl.json("enumerate", key)["order"])[0] == node for key in keys)

        before = firsts("r1")
        self.ctl.text("weight", "r1", "20")
        self.assertEqual(self.ctl.json("policy")["weights"], {"r1": 20})
        self.assertGreater(firsts("r1"), max(before, 40))
        self.assertEqual({row["NODE"]: row["WEIGHT"] for row in self.ctl.rows("nodes")}["r1"], "20")
        self.ctl.text("weight", "r1", "own")
        self.assertEqual(firsts("r1"), before)

    def test_more_copies_reach_more_relays(self):
        self.play()
        self.assertIn("copies     3", self.ctl.text("policy", "copies", "3"))
        wait_until("three copies", lambda: all(relay.carries(KEY) for relay in self.nodes.of_role("relay")), 15)

    def test_a_wrong_word_is_answered_with_what_would_be_right(self):
        for words, status, part in (
                (("drain", "r11"), 1, "did you mean 'r1'?"),
                (("undrain", "nobody-at-all"), 1, "no node 'nobody-at-all'"),
                (("weight", "r1", "-3"), 2, "-3"),
                (("weight", "r1", "0"), 2, "weight 0"),
                (("weight", "r1", "heavy"), 2, "'heavy'"),
                (("policy", "copies", "99"), 1, "copies 99"),
                (("policy", "algorithm", "dice"), 1, "dice"),
                (("policy", "colour", "red"), 2, "colour"),
                (("enumerate", "room1"), 2, "KEY 'room1'"),
                (("explain", "live/a b"), 2, "KEY 'live/a b'"),
                (("nodez",), 2, "did you mean 'nodes'?"),
                ((), 2, "a command is missing")):
            with self.subTest(words=words):
                got, sentence = self.ctl.refused(*words)
                self.assertEqual(got, status, sentence)
                self.assertIn(part, sentence)
        self.assertEqual(self.ctl.json("policy")["version"], "0")
        self.assertEqual(self.ctl.text("thaw"), "nothing was frozen\n")

    def test_the_next_directory_is_asked_when_one_is_dead_and_each_is_named_when_all_are(self):
        first, second = self.nodes.of_role("directory")
        first.kill()
        self.assertEqual(self.ctl.json("policy")["directory"], second.id)
        rows = self.ctl.rows("nodes")
        self.assertEqual({row["NODE"] for row in rows}, EVERYBODY | {"d2", "?"})
        unreached = next(row for row in rows if row["NODE"] == "?")
        self.assertEqual((unreached["ROLE"], unreached["STATE"], unreached["ADDRESS"]),
                         ("directory", "unreached", f"127.0.0.1:{first.ports['control']}"))
        self.assertEqual([one["directory"] for one in self.ctl.json("nodes")["unreached"]], [unreached["ADDRESS"]])
        second.kill()
        status, sentence = self.ctl.refused("nodes")
        self.assertEqual(status, 1)
        for directory in (first, second):
            self.assertIn(f"127.0.0.1:{directory.ports['control']}: refused", sentence)


class Spread(SluiceTest):
    def test_a_change_reaches_every_directory_and_one_that_starts_anew(self):
        nodes = self.full_cluster(relays=2, edges=1, directories=3)
        directories = nodes.of_role("directory")
        Ctl(directories[0]).text("policy", "copies", "1")
        wanted = {"copies": 1, "drained": ["r1"]}

        def policy(directory):
            told = Ctl(directory).json("policy")
            return {name: told[name] for name in wanted}

        wait_until("the first change at the other", lambda: policy(directories[1])["copies"] == 1, 5)
        Ctl(directories[1]).text("drain", "r1")

        for directory in directories:
            wait_until(f"the policy at {directory.id}", lambda d=directory: policy(d) == wanted, 5)
        directories[2].kill()
        again = nodes.restart(directories[2].id)
        again.wait_ready()
        wait_until("the policy at the restarted directory", lambda: policy(again) == wanted, 10)

    def test_the_policy_outlives_all_directories(self):
        nodes = self.full_cluster(relays=2, edges=1, directories=2)
        directories = nodes.of_role("directory")
        version = Ctl(directories[0]).json("weight", "r1", "3")["version"]
        relay = nodes.nodes["r1"]
        wait_until("the change on a node's disk", lambda: version in nodes.saved_list("r1"))
        for node in [*directories, relay]:
            node.kill()
        for node in [*directories, relay]:
            nodes.restart(node.id).wait_ready()
        for directory in directories:
            wait_until(f"the weight at {directory.id}",
                       lambda d=directory: Ctl(d).json("policy")["weights"] == {"r1": 3}, 10)


class Proof(SluiceTest):
    def test_a_cluster_with_a_secret_answers_only_those_who_know_it(self):
        nodes = self.cluster()
        secret, wrong = self.folder / "secret", self.folder / "wrong"
        secret.write_text("0123456789abcdef0123456789abcdef\n")
        wrong.write_text("another-secret-of-some-length\n")
        directory = nodes.directory("d1", "--secret-file", str(secret))
        directory.wait_ready()
        ctl = Ctl(directory)
        for arguments in ((), ("--secret-file", str(wrong))):
            status, sentence = ctl.refused(*arguments, "policy", "copies", "3")
            self.assertEqual(status, 1)
            self.assertIn("secret", sentence)
        self.assertIn("cluster", ctl.refused("--cluster", "other", "--secret-file", str(secret), "nodes")[1])
        self.assertEqual(ctl.json("--secret-file", str(secret), "policy", "copies", "3")["copies"], 3)

    def test_a_port_where_no_directory_listens_is_given_up_in_time(self):
        nodes = self.cluster()
        edge_port = nodes.directory("d1")
        edge_port.wait_ready()
        # The same machine's HTTP port: something answers, but no directory.
        other = Ctl(edge_port)
        other.addresses = f"127.0.0.1:{edge_port.ports['http']},127.0.0.1:{free_port()}"
        status, sentence = other.refused("--timeout", "1", "nodes")
        self.assertEqual(status, 1)
        self.assertIn(str(edge_port.ports["http"]), sentence)


if __name__ == "__main__":
    unittest.main()
