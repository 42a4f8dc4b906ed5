"""Real sluice processes, one per node, on free loopback ports."""

import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

from . import oracle, plain_http
from .processes import Child, free_port, wait_until

READY_LIMIT = 15.0
# What a program writes when it is wrong itself, a sanitizer's word included.
CRASH = re.compile(r"ERROR: \w+Sanitizer|: runtime error: |Assertion `.*' failed|terminate called")


def binary():
    path = os.environ.get("SLUICE_BINARY")
    if not path:
        raise AssertionError("SLUICE_BINARY is not set; ctest sets it to the program under test")
    return path


class Node(Child):
    def __init__(self, role, node_id, ports, arguments, folder):
        self.role, self.id, self.ports, self.arguments = role, node_id, ports, arguments
        listeners = [word for kind, port in ports.items() for word in (f"--{kind}-listen", f"127.0.0.1:{port}")]
        super().__init__(node_id, [binary(), "--role", role, "--node-id", node_id, *listeners, *arguments], folder)

    def url(self, path="/", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.ports['http']}{path}"

    def live(self, key, scheme="http"):
        return self.url(f"/{key}.flv", scheme)

    def api(self, path):
        return plain_http.get_json(self.url(f"/api/v1/{path}"))

    def stream(self, key):
        """What the node says of a stream; None if it says that it is not live."""
        try:
            return self.api(f"streams/{key}")
        except plain_http.Refused as refused:
            if refused.status == 404:
                return None
            raise

    def carries(self, key):
        """Whether the node holds the stream's log itself: then it knows the path to the origin."""
        stream = self.stream(key)
        return bool(stream and stream["path"])

    def known_nodes(self):
        """The nodes it sees in the cluster, and by which directories; none while it has no directory to ask."""
        answer = plain_http.request(self.url("/api/v1/nodes"))
        return {entry["id"]: set(entry["heard_by"]) for entry in answer.json()["nodes"]} if answer.status == 200 else {}

    def metric(self, name, **labels):
        """The sum of a metric's samples that carry all these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        total = 0.0
        for line in plain_http.request(self.url("/metrics")).body.decode().splitlines():
            series, _, value = line.rpartition(" ")
            if series.partition("{")[0] == name and all(label in series for label in wanted):
                total += float(value)
        return total

    def wait_ready(self):
        seen = ["no answer"]

        def ready():
            if not self.alive:
                raise AssertionError(f"{self.id} ended with status {self.status}\n{self.tail()}")
            try:
                answer = plain_http.request(self.url("/readyz"))
            except OSError as error:
                seen[0] = str(error)
                return False
            seen[0] = f"HTTP {answer.status} {answer.body[:500]!r}"
            return answer.status == 200

        try:
            wait_until(f"{self.id} to be ready", ready, READY_LIMIT)
        except AssertionError as error:
            raise AssertionError(f"{error}; /readyz: {seen[0]}\n{self.tail()}") from None


class Cluster:
    """Starts nodes; `wait_ready` once all are started. Give it to `SluiceTest.cluster`, which ends it."""

    def __init__(self, folder):
        self.folder = folder
        self.records = folder / "records"
        self.records.mkdir(exist_ok=True)
        self.nodes = {}
        self._directories = {}  # id -> address
        self._registers = {}  # node id -> the directories it was told of

    def directory(self, node_id, *arguments):
        ports = {"control": free_port(), "http": free_port()}
        node = self._start("directory", node_id, ports, arguments)
        self.know(node)
        return node

    def know(self, directory):
        """Nodes started from now on register with this directory too."""
        self._directories[directory.id] = f"127.0.0.1:{directory.ports['control']}"

    def origin(self, node_id, *arguments):
        return self._start("origin", node_id, {"rtmp": free_port(), "http": free_port()},
                           (*self._known(node_id), "--record", str(self.records), *arguments))

    def relay(self, node_id, *arguments):
        return self._start("relay", node_id, {"trunk": free_port(), "http": free_port()},
                           (*self._known(node_id), *arguments))

    def edge(self, node_id, *arguments):
        ports = {"http": free_port()}
        url = f"http://127.0.0.1:{ports['http']}"
        return self._start("edge", node_id, ports, (*self._known(node_id), "--public-url", url, *arguments))

    def _known(self, node_id):
        """The directories, and a folder to keep their list in."""
        if not self._directories:
            return ()
        state = self.folder / f"state-{node_id}"
        state.mkdir(exist_ok=True)
        self._registers[node_id] = set(self._directories)
        return "--directory", ",".join(self._directories.values()), "--state-dir", str(state)

    def _start(self, role, node_id, ports, arguments):
        node = Node(role, node_id, ports, arguments, self.folder)
        self.nodes[node_id] = node
        return node

    def saved_list(self, node_id):
        """The text of the relay list a node keeps on disk; empty while there is none."""
        path = self.folder / f"state-{node_id}" / f"relays-{node_id}.json"
        return path.read_text() if path.exists() else ""

    def restart(self, node_id):
        """The node again, with the ports and options it had."""
        old = self.nodes[node_id]
        return self._start(old.role, node_id, old.ports, old.arguments)

    def of_role(self, role):
        return [node for node in self.nodes.values() if node.role == role]

    def wait_ready(self):
        """Waits until every node is ready and, where there are directories, sees all the others by each of them."""
        for node in self.nodes.values():
            node.wait_ready()

        def sees_all(node):
            known, common = node.known_nodes(), self._registers[node.id]
            return all(theirs & common <= known.get(other, set()) for other, theirs in self._registers.items()
                       if other in self.nodes)

        for node_id in self._registers:
            wait_until(f"{node_id} to see {sorted(self._registers)}", lambda n=self.nodes[node_id]: sees_all(n),
                       READY_LIMIT)

    def log(self, key, epoch, at_least):
        """The origin's log of a stream, from its record file."""
        return oracle.read_log(oracle.record_path(self.records, key, epoch), at_least)

    def check(self, viewer, key, at_least=1):
        """The oracle on one viewer's recording."""
        recording = viewer.recording
        log = self.log(key, viewer.place.epoch, viewer.place.join + len(recording) - viewer.place.preface)
        return oracle.check(recording, viewer.place, log, at_least)

    def end(self):
        for node in self.nodes.values():
            if node.alive:
                node.kill()


class SluiceTest(unittest.TestCase):
    """Gives each test a folder and clusters in it; shows every log's end when the test fails, which it does when a log
    tells of a crash."""

    def run(self, result=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        before = len(result.failures) + len(result.errors)
        self.addCleanup(self._no_crash)  # the first to be added is the last to run
        try:
            return super().run(result)
        finally:
            if len(result.failures) + len(result.errors) > before:
                self._show_logs()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _no_crash(self):
        for log in sorted(self.folder.rglob("*.log")):
            if told := CRASH.search(log.read_text(errors="replace")):
                self.fail(f"{log.name}: {told.group()}")

    def _show_logs(self):
        for log in sorted(self.folder.rglob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            print(f"--- {log.name}, last of {len(lines)} lines", *lines[-60:], sep="\n", file=sys.stderr)

    def cluster(self):
        cluster = Cluster(self.folder)
        self.addCleanup(cluster.end)
        return cluster

    def full_cluster(self, relays=3, edges=2, directories=3):
        """Directories d1.., one origin o1, relays r1.., edges e1.., all ready."""
        cluster = self.cluster()
        for i in range(directories):
            cluster.directory(f"d{i + 1}")
        cluster.origin("o1")
        for i in range(relays):
            cluster.relay(f"r{i + 1}")
        for i in range(edges):
            cluster.edge(f"e{i + 1}")
        cluster.wait_ready()
        return cluster

    def track(self, closable):
        """Closes a viewer or publisher at the end of the test; returns it."""
        self.addCleanup(closable.close)
        return closable

    def assert_alive(self, cluster):
        for node in cluster.nodes.values():
            self.assertTrue(node.alive, f"{node.id} ended with status {node.status}")
