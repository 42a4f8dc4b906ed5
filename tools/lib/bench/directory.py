"""What one directory answers, and what it costs in memory, asked over the guarded control port."""

import json
import os
import subprocess

from sluice_e2e.processes import wait_until

from . import rig
from .report import Row

PART = "Directory"


class Asked:
    """A run of `sluice_directory_load` against a directory that has just started."""

    def __init__(self, make_rig, **options):
        with make_rig() as r:
            node = r.under_test(lambda: r.directory("d1"))
            r.wait_ready()
            before = rig.memory_kib(node.pid)
            words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
            command = [str(r.programs / "sluice_directory_load"), "--directory",
                       f"127.0.0.1:{node.ports['control']}", *words]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                try:
                    self._expect(process, "begin")
                    usage = rig.Usage(node.pid)
                    memory = rig.memory_kib(node.pid)
                    self._expect(process, "end")
                    used = usage.seconds()
                    self.memory_mib = (max(memory, rig.memory_kib(node.pid)) - before) / 1024
                    self.descriptors = len(os.listdir(f"/proc/{node.pid}/fd"))
                    self.listed = len(wait_until("the directory to list its nodes", node.known_nodes, 3))
                    self.told = json.loads(process.communicate("\n")[0])
                finally:
                    process.kill()
        self.asked, self.crowd = self.told["asked"], self.told["crowd"]
        self.rate = self.asked["answers"] / self.asked["seconds"]
        self.cores = used / self.asked["seconds"]

    def answers(self):
        asked = self.asked
        return (f"{self.rate:.0f}/s, p50 {asked['p50_us'] / 1000:.2f}, p99 {asked['p99_us'] / 1000:.2f}, "
                f"max {asked['max_us'] / 1000:.1f} ms; {asked['failures']} failed")

    @staticmethod
    def _expect(process, word):
        if process.stdout.readline() != f"{word}\n":
            raise AssertionError("the directory's load client did not get as far as the measurement")


def directory(make_rig, given):
    """Enumerations a second over CAF, and 10,000 nodes."""
    four = "4 connections with 24 questions under way each"
    few = Asked(make_rig, links=4, window=24, nodes=500, relays=50, seconds=given.seconds)
    yield Row(PART, f"enumerations over CAF, 50 relays, {four}",
              f"{few.answers()}; {1e6 * few.cores / max(few.rate, 1):.1f} us of processor each, "
              f"{100 * few.cores:.0f} % of a core",
              "50,000/s, p99 5 ms",
              few.rate >= 50_000 and few.asked["p99_us"] <= 5000 and few.asked["failures"] == 0, {"told": few.told})
    # The directory is a node of its own list, and so is each connection that asks.
    quiet = Asked(make_rig, links=1, window=0, nodes=1, crowd=given.many - 2, relays=50, seconds=10)
    yield Row(PART, f"{given.many} registered nodes with a connection each, heartbeats each second",
              f"{quiet.memory_mib:.1f} MiB, {quiet.descriptors} descriptors; {100 * quiet.cores:.0f} % of a core; "
              f"{quiet.listed} listed after 10 s, {quiet.crowd['lost']} lost",
              "100 MB", quiet.memory_mib <= 95.4 and quiet.listed == given.many and quiet.crowd["lost"] == 0,
              {"told": quiet.told})
    busy = Asked(make_rig, links=4, window=24, nodes=4, crowd=given.many - 5, relays=50, seconds=given.seconds)
    yield Row(PART, f"enumerations beside these {given.many} nodes, {four}",
              f"{busy.answers()}; {100 * busy.cores:.0f} % of a core; {busy.listed} nodes listed, "
              f"{busy.crowd['lost']} lost", "none lost", busy.listed == given.many and busy.crowd["lost"] == 0 and
              busy.asked["failures"] == 0, {"told": busy.told})
