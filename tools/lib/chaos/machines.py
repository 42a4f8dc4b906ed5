"""The cluster under test: one real process a machine, started, killed and started again by name."""

import os
import secrets
import shutil
import subprocess
import time

from sluice_e2e import plain_http
from sluice_e2e.processes import Child, wait_until

READY_LIMIT = 20.0
HTTP, RTMP, TRUNK, CONTROL, ETCD = 8080, 1935, 8500, 7700, 2379


class Machine:
    """A place with an address and, most of the time, a process of sluice's."""

    def __init__(self, network, folder, name, role, ports, arguments):
        self.name, self.role, self._network, self._folder = name, role, network, folder
        self.address = network.host(name)
        self.ports = {kind: network.port(usual) for kind, usual in ports.items()}
        self.arguments = arguments
        self.process = None
        self.cut_off = False  # its cable is pulled

    def at(self, kind):
        return f"{self.address}:{self.ports[kind]}"

    def start(self, binary):
        self.process = Child(self.name, self.command(binary), self._folder,
                             prepare=self._network.enter_host(self.name))

    def command(self, binary):
        words = [word for kind in self.ports for word in (f"--{kind}-listen", self.at(kind))]
        return [binary, "--role", self.role, "--node-id", self.name, *words, *self.arguments]

    @property
    def alive(self):
        return self.process is not None and self.process.alive

    def url(self, path, scheme="http"):
        return f"{scheme}://{self.at('http')}{path}"

    def ready(self):
        try:
            return plain_http.request(self.url("/readyz"), timeout=2).status == 200
        except OSError:
            return False

    def get(self, path):
        """JSON of its API; None if it does not answer with any."""
        try:
            return plain_http.get_json(self.url(f"/api/v1/{path}"))
        except (OSError, plain_http.Refused):
            return None

    def metric(self, name):
        """The sum of a metric's samples."""
        lines = plain_http.request(self.url("/metrics")).body.decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines
                   if line.partition(" ")[0].partition("{")[0] == name)


class Etcd(Machine):
    """The directories' store, where there is one. Its data is in memory: no disk is part of the figures."""

    def __init__(self, network, folder):
        super().__init__(network, folder, "etcd", "store", {"client": ETCD, "peer": ETCD + 1}, [])
        self._data = folder / "etcd"

    def command(self, _binary):
        client, peer = f"http://{self.at('client')}", f"http://{self.at('peer')}"
        return ["etcd", "--name", "etcd", "--data-dir", str(self._data), "--listen-client-urls", client,
                "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", f"etcd={peer}", "--logger", "zap", "--log-outputs", "stderr"]

    def ready(self):
        try:
            return plain_http.request(f"http://{self.at('client')}/health", timeout=2).status == 200
        except OSError:
            return False


class Machines:
    """Directories d1.., origins o1.., relays r1.., edges e1.., and what they are started with."""

    def __init__(self, network, folder, binary, plan):
        self.network, self.folder, self.binary, self.plan = network, folder, binary, plan
        self._options = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
        self.records = folder / "records"
        self.records.mkdir()
        self._secret = folder / "secret"
        self._secret.write_text(secrets.token_hex(32))
        self.all = {}
        self.store = Etcd(network, folder) if plan.store == "etcd" else None

    def can(self, option):
        """Whether the program under test has this option."""
        return option in self._options

    def lacks_ctl(self, command):
        """Why `sluice ctl` cannot do this; "" if it can."""
        if not self.can("sluice ctl"):
            return "the program has no ctl"
        known = subprocess.run([self.binary, "ctl", "--help"], capture_output=True, text=True, check=False).stdout
        return "" if f"  {command} " in known else f"sluice ctl has no {command}"

    def place(self, role, name, ports, *arguments):
        machine = Machine(self.network, self.folder, name, role, ports, list(arguments))
        machine.arguments += ["--secret-file", str(self._secret)]
        if role != "directory":
            state = self.folder / f"state-{name}"
            state.mkdir()
            machine.arguments += ["--directory", ",".join(d.at("control") for d in self.of("directory")),
                                  "--state-dir", str(state)]
        machine.arguments += ["--workers", "1", "--log-level", self.plan.log_level]
        self.all[name] = machine
        return machine

    def of(self, role):
        return [machine for machine in self.all.values() if machine.role == role]

    def __getitem__(self, name):
        return self.all[name]

    def start(self, name):
        """Starts it; returns the moment before."""
        begun = time.monotonic()
        self.all[name].start(self.binary)
        return begun

    def start_store(self):
        if self.store:
            self.store.start("")
            wait_until("etcd to answer", self.store.ready, READY_LIMIT)

    def start_and_wait(self, name):
        """Seconds until it says that it is ready."""
        begun = self.start(name)
        self.wait_ready(name)
        return time.monotonic() - begun

    def wait_ready(self, name):
        machine = self.all[name]

        def ready():
            if not machine.alive:
                raise AssertionError(f"{name} ended with status {machine.process.status}\n{machine.process.tail()}")
            return machine.ready()

        wait_until(f"{name} to be ready", ready, READY_LIMIT, every=0.01)

    def upstreams(self, keys):
        """{(edge, key): path from the origin} of what each edge carries now."""
        paths = {}
        for edge in self.of("edge"):
            for key in keys:
                stream = edge.get(f"streams/{key}") if edge.alive and not edge.cut_off else None
                if stream and stream["path"]:
                    paths[edge.name, key] = stream["path"]
        return paths

    def ways_together(self, edge, keys):
        """The streams whose two pulls at this edge have a relay in common, so that one fault hits both."""
        together = []
        for key in keys:
            ways = (edge.get(f"streams/{key}") or {}).get("ways", [])
            if len(ways) < 2 or set(ways[0][1:]) & set(ways[1][1:]):
                together.append(key)
        return together

    def ctl(self, *words):
        """`sluice ctl` against any directory; AssertionError with what it said if it refuses."""
        directories = ",".join(d.at("control") for d in self.of("directory"))
        done = subprocess.run([self.binary, "ctl", "--directory", directories, "--secret-file", str(self._secret),
                               *words], capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"sluice ctl {' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def end(self):
        for machine in self.all.values():
            if machine.alive:
                machine.process.kill()
        if self.store and self.store.alive:
            self.store.process.kill()


def cluster(network, folder, binary, plan):
    """Everything placed, nothing started."""
    machines = Machines(network, folder, binary, plan)
    store = ["--store", "etcd", "--etcd", f"http://{machines.store.at('client')}"] if machines.store else []
    for i in range(plan.directories):
        machines.place("directory", f"d{i + 1}", {"control": CONTROL, "http": HTTP}, "--copies", str(plan.copies),
                       *store)
    for i in range(plan.origins):
        (machines.records / f"o{i + 1}").mkdir()
        machines.place("origin", f"o{i + 1}", {"rtmp": RTMP, "http": HTTP}, "--record",
                       str(machines.records / f"o{i + 1}"), "--grace", str(plan.grace))
    for i in range(plan.relays + 1):  # the last one waits for its fault
        # Viewers at relays measure how soon one serves again.
        machines.place("relay", f"r{i + 1}", {"trunk": TRUNK, "http": HTTP}, "--serve-viewers", "all")
    for i in range(plan.edges + 1):  # the last one has no viewers: it is there to be restarted
        edge = machines.place("edge", f"e{i + 1}", {"http": HTTP})
        edge.arguments += ["--public-url", edge.url("")]
    if machines.can("--hedge"):
        machines[f"e{plan.edges}"].arguments += ["--hedge", "2"]
    return machines


def store_for(wanted, binary):
    """"etcd" or "memory": what was asked for, or what there is."""
    if wanted != "auto":
        return wanted
    known = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True).stdout
    return "etcd" if "--etcd " in known and shutil.which("etcd") else "memory"


def memory_folder():
    """Where recordings go: memory, so that no disk is part of the figures."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
