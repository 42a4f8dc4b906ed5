"""Garbage on every port of a cluster: that peer is turned away and counted, everyone else is undisturbed."""

import socket
import struct
import unittest

from sluice_e2e import publish
from sluice_e2e.hostile import HTTP_REQUEST, KEY, NOISE, HostileTest
from sluice_e2e.viewer import open_when_live

# Operation 1, everything else zero: an established connection's op, before any handshake.
CAF_KILLER = struct.pack(">BBBBIQQQ", 1, 0, 0, 0, 0, 0, 0, 0)
BASP_4_GIB = struct.pack(">BBBBIQQQ", 0, 0, 0, 0, 0xFFFFFFFF, 4, 0, 0)
WEBSOCKET_ON_TRUNK = (b"GET /trunk/play/live/room1 HTTP/1.1\r\nHost: x\r\n"
                      b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                      b"Sec-WebSocket-Protocol: sluice.trunk.1\r\n\r\n" + b"\x82\xff" + b"\xff" * 8 + NOISE)


class BadInputToACluster(HostileTest):
    @classmethod
    def setUpClass(cls):
        publish.sample()

    def setUp(self):
        self.nodes = self.full_cluster(relays=2, edges=1, directories=1)
        self.track(publish.publish_rtmp(self.nodes.nodes["o1"], KEY))
        self.viewer = self.track(open_when_live(self.nodes.nodes["e1"].live(KEY, "ws")))
        self.viewer.wait_seconds(2)

    def test_noise_on_every_port_is_refused_and_counted(self):
        for node in self.nodes.nodes.values():
            for listener, port in node.ports.items():
                self.assert_counted(node, listener, lambda p=port: self.send(p, NOISE))
        self.assert_undisturbed()

    def test_an_http_request_on_the_control_port_is_refused(self):
        directory = self.nodes.nodes["d1"]
        self.assert_counted(directory, "control", lambda: self.send(directory.ports["control"], HTTP_REQUEST))
        self.assert_undisturbed()

    def test_packets_that_kill_caf_do_not_reach_it(self):
        directory = self.nodes.nodes["d1"]
        for packet in (CAF_KILLER, CAF_KILLER * 20, BASP_4_GIB, CAF_KILLER[:20]):
            with socket.create_connection(("127.0.0.1", directory.ports["control"]), timeout=5) as connection:
                try:
                    connection.sendall(packet)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass
                except OSError:  # refused before all of it was sent
                    pass
            self.assertTrue(directory.alive)
        self.assertTrue(self.nodes.nodes["e1"].api(f"enumerate/{KEY}")["order"])
        self.assertFalse(self.nodes.nodes["e1"].api(f"enumerate/{KEY}")["stale"])
        self.assert_undisturbed()

    def test_a_lying_websocket_length_on_the_trunk_is_refused(self):
        relay = self.nodes.nodes["r1"]
        self.send(relay.ports["trunk"], WEBSOCKET_ON_TRUNK)
        self.assert_undisturbed()

    def test_a_peer_that_never_finishes_its_handshake_is_closed(self):
        for node, listener, start in (("e1", "http", b"GET / HT"), ("d1", "control", b"\x00"),
                                      ("r1", "trunk", b"GET /trunk")):
            self.send(self.nodes.nodes[node].ports[listener], start, limit=15)
        self.assert_undisturbed()

    def test_hundreds_of_idle_connections_disturb_nobody(self):
        idle = []
        try:
            for node in self.nodes.nodes.values():
                for port in node.ports.values():
                    idle += [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(60)]
            self.assert_undisturbed()
        finally:
            for connection in idle:
                connection.close()


if __name__ == "__main__":
    unittest.main()
