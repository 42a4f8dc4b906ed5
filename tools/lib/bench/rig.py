"""The processes of a measurement and what they cost: the server under test alone on one core, everything else
on the others."""

import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

from sluice_e2e import cluster
from sluice_e2e.processes import Child, free_port, wait_until

TICKS = os.sysconf("SC_CLK_TCK")
RATE = 30
# Two servers that take turns on the first core, with all their readers connected: many short pairs, for a machine changes
# its price every few seconds. A server that has just moved finds nothing in that core's cache.
TURNS, MOVED = 3, 0.5
FILMS = {"2.5 Mbit/s": ("1280x720", 2380, 96), "300 kbit/s": ("640x360", 250, 32)}


def film(name):
    """The film to publish, encoded once and kept: an encoder beside the measurement would drown it. Constant
    rate, held by filler; a keyframe each 2 s; AAC."""
    size, video, audio = FILMS[name]
    encoding = (f"-f lavfi -i testsrc2=size={size}:rate={RATE} -f lavfi -i sine=frequency=440:sample_rate=48000 "
                "-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p "
                f"-b:v {video}k -minrate {video}k -maxrate {video}k -bufsize {video // 2}k "
                f"-x264-params nal-hrd=cbr:force-cfr=1 -g {RATE * 2} -keyint_min {RATE * 2} -sc_threshold 0 "
                f"-c:a aac -b:a {audio}k -ac 2 -t 30 -f flv").split()
    path = pathlib.Path(tempfile.gettempdir()) / f"sluice-film-{hashlib.sha256(str(encoding).encode()).hexdigest()[:12]}.flv"
    if not path.exists():
        print(f"encoding a film of {name}, once", file=sys.stderr)
        partial = path.with_suffix(f".{os.getpid()}.part")
        subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *encoding, str(partial)], check=True,
                       stdin=subprocess.DEVNULL, timeout=300)
        partial.replace(path)
    return path


def machine():
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "load_average": os.getloadavg()[0]}


class Usage:
    """CPU seconds of a process since a moment, user and system."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self._read()

    def _read(self):
        # schedstat counts nanoseconds where stat counts ticks of 10 ms; per thread, and none may have ended.
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        return total / 1e9

    def seconds(self):
        return self._read() - self.before


def memory_kib(pid):
    """Resident anonymous memory: what the program itself took."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("no RssAnon")


class Tool(Child):
    """One of the programs in tools/load; says `ready` when it is."""

    def __init__(self, name, command, folder):
        super().__init__(name, [str(word) for word in command], folder)
        wait_until(f"{name} to be ready", self._ready, 30)

    def _ready(self):
        if not self.alive:
            raise AssertionError(f"{self.name} ended with status {self.status}\n{self.tail()}")
        return "ready" in self.log.read_text(errors="replace")

    def result(self):
        """Ends it; the JSON it leaves."""
        self.stop()
        return json.loads(self.log.read_text().splitlines()[-1])


class Rig(cluster.Cluster):
    """A cluster without recording. `under_test` starts on the first core, everything else on the others."""

    def __init__(self, folder, programs):
        super().__init__(folder)
        self.programs = programs
        self.cores = sorted(os.sched_getaffinity(0))
        self.tools = []

    def __enter__(self):
        os.sched_setaffinity(0, set(self.cores[1:]) or set(self.cores))
        return self

    def __exit__(self, *_):
        os.sched_setaffinity(0, self.cores)
        for tool in self.tools:
            if tool.alive:
                tool.kill()
        self.end()

    def under_test(self, start, cores=1):
        """Calls `start` so that what it starts runs on the first cores."""
        rest = os.sched_getaffinity(0)
        os.sched_setaffinity(0, set(self.cores[:cores]))
        try:
            return start()
        finally:
            os.sched_setaffinity(0, rest)

    def isolate(self, server):
        """From now on `server` has the first core for itself, everything else the rest."""
        for other in (*self.nodes.values(), *(tool for tool in self.tools if tool.alive)):
            cores = self.cores[:1] if other is server else self.cores[1:] or self.cores
            for task in pathlib.Path(f"/proc/{other.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), set(cores))

    def origin(self, node_id, *arguments):
        ports = {"rtmp": free_port(), "http": free_port()}
        return self._start("origin", node_id, ports, (*self._known(node_id), *arguments))

    def tree(self, *edge_arguments, edge_cores=1):
        """A directory, an origin, a relay and the edge under test; returns the edge."""
        self.directory("d1")
        self.origin("o1")
        self.relay("r1")
        edge = self.under_test(lambda: self.edge("e1", *edge_arguments), edge_cores)
        self.wait_ready()
        return edge

    def publish(self, film_name="2.5 Mbit/s", key="live/room1", streams=1, at="o1"):
        tool = Tool(f"publish{len(self.tools)}",
                    [self.programs / "sluice_publish", film(film_name), "--port", self.nodes[at].ports["rtmp"],
                     "--key", key, "--streams", streams], self.folder)
        self.tools.append(tool)
        return tool

    def floor(self, scheme, how, call, path="/live/room1.flv"):
        """The bare sender, on the first core; its port is in `ports`."""
        port = free_port()
        tool = self.under_test(lambda: Tool(
            f"floor{len(self.tools)}", [self.programs / "sluice_floor", scheme, how, call, port,
                                        self.nodes["o1"].ports["http"], path], self.folder))
        tool.ports = {"http": port}
        self.tools.append(tool)
        return tool

    def audience(self, server, scheme, **options):
        """Viewers of `server`, all of which play; options as `sluice_load --help` lists them."""
        return Audience(self.programs, server, scheme, options)

    def load(self, server, scheme, seconds, during=None, **options):
        """What viewers that are there for this alone report of so many seconds. `during` is called when these begin."""
        with self.audience(server, scheme, **options) as viewers:
            def go_by():
                if during:
                    during()
                time.sleep(seconds)

            return viewers.measure(go_by)


class Audience:
    """A run of `sluice_load`: viewers that stay until it ends."""

    def __init__(self, programs, server, scheme, options):
        words = [str(word) for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
        self.server = server
        self.process = subprocess.Popen(
            [str(programs / "sluice_load"), "--scheme", scheme, "--port", str(server.ports["http"]), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "begin\n":
            with self:
                raise AssertionError(f"the viewers of {server.name} did not all play: {self.process.stdout.read()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def _report(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def measure(self, go_by):
        """What the viewers report of the time in which `go_by` runs, with the server's CPU seconds (`cpu`), those a GB
        (`cpu_per_gb`), and its share of a core."""
        self._report()
        usage = Usage(self.server.pid)
        go_by()
        used = usage.seconds()
        told = self._report()
        told["cpu"] = used
        told["cpu_per_gb"] = used / max(told["bytes"] / 1e9, 1e-9)
        told["core_share"] = used / told["seconds"]
        return told
