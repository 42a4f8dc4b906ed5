"""What one directory answers, and what it costs in memory, asked over the guarded control port."""

import json
import subprocess

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
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                try:
                    self._expect(process, "begin")
                    usage = rig.Usage(node.pid)
                    self.memory_mib = (rig.memory_kib(node.pid) - before) / 1024
                    self._expect(process, "end")
                    used = usage.seconds()
                    self.told = json.loads(process.stdout.readline())
                finally:
                    process.kill()
        self.rate = self.told["answers"] / self.told["seconds"]
        self.cores = used / self.told["seconds"]

    @staticmethod
    def _expect(process, word):
        if process.stdout.readline() != f"{word}\n":
            raise AssertionError("the directory's load client did not get as far as the measurement")


def directory(make_rig, given):
    """Enumerations a second over CAF, and 10,000 nodes."""
    asked = Asked(make_rig, links=4, window=24, nodes=500, relays=50, seconds=given.seconds)
    told = asked.told
    yield Row(PART, "enumerations over CAF, 50 relays, 4 connections with 24 questions under way each",
              f"{asked.rate:.0f}/s, p50 {told['p50_us'] / 1000:.2f}, p99 {told['p99_us'] / 1000:.2f}, "
              f"max {told['max_us'] / 1000:.1f} ms; {1e6 * asked.cores / max(asked.rate, 1):.1f} us of processor each, "
              f"{100 * asked.cores:.0f} % of a core; {told['failures']} failed",
              "50,000/s, p99 5 ms", asked.rate >= 50_000 and told["p99_us"] <= 5000 and told["failures"] == 0,
              {"told": told})
    crowd = Asked(make_rig, links=4, window=1, nodes=given.many - 1, relays=50, seconds=2)
    yield Row(PART, f"{given.many} registered nodes, itself among them, over 4 connections, heartbeats each 1.5 s",
              f"{crowd.memory_mib:.0f} MiB; {100 * crowd.cores:.0f} % of a core, with {crowd.rate:.0f} enumerations a second",
              "100 MB", crowd.memory_mib <= 95.4 and crowd.told["failures"] == 0, {"told": crowd.told})
