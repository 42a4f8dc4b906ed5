"""Where the nodes live: each in a network namespace of its own, on a bridge, so that cables can be pulled.

The tool first moves itself into fresh network and mount namespaces (`enter`), so nothing of it is seen outside and
everything is gone when it ends. Where that is not allowed, nodes listen on loopback addresses instead."""

import ctypes
import os
import pathlib
import shutil
import subprocess
import sys

INSIDE = "SLUICE_CHAOS_INSIDE"  # set once the tool runs in its own namespaces
NAMES = pathlib.Path("/run/netns")
CLONE_NEWNET = 0x40000000
HUB = "10.77.0.1"  # of the bridge: viewers, publishers and proxies

_libc = ctypes.CDLL(None, use_errno=True)


def run(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def enter():
    """Runs this program again in namespaces of its own, in this process's place. Returns why it could not, or "" once
    it is inside."""
    if INSIDE in os.environ:
        return "" if os.environ[INSIDE] == "yes" else os.environ[INSIDE]
    for tool in ("ip", "unshare"):
        if not shutil.which(tool):
            return f"there is no program {tool}"
    ways = [["unshare", "--net", "--mount"], ["unshare", "--user", "--map-root-user", "--net", "--mount"]]
    problem = ""
    for way in ways:
        tried = run(*way, "sh", "-c", f"mount -t tmpfs none /run && mkdir {NAMES} && ip netns add probe && ip link add"
                    " probe type veth peer name probe2 netns probe && ip link add bridge0 type bridge", check=False)
        if tried.returncode == 0:
            os.environ[INSIDE] = "yes"
            os.execvp(way[0], [*way, sys.executable, "-B", *sys.argv])
        problem = problem or tried.stderr.strip().splitlines()[-1:]
    return f"namespaces are not allowed here ({problem[0] if problem else 'unshare failed'})"


class Namespaces:
    """A bridge, and a namespace with one cable to it for each host."""

    name = "network namespaces"

    def __init__(self):
        run("mount", "-t", "tmpfs", "none", "/run")
        NAMES.mkdir()
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "bridge0", "type", "bridge")
        run("ip", "addr", "add", f"{HUB}/24", "dev", "bridge0")
        run("ip", "link", "set", "bridge0", "up")
        self.hub = HUB
        self._next = 10
        self._queues = {}

    def host(self, name):
        """Makes a host; returns its address."""
        self._next += 1
        address = f"10.77.0.{self._next}"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"to-{name}", "master", "bridge0", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")
        return address

    def port(self, _usual):
        """The usual port: every host has its own."""
        return _usual

    def enter_host(self, name):
        """What a child process calls before it becomes the node."""
        space = str(NAMES / name)

        def enter():
            fd = os.open(space, os.O_RDONLY)
            if _libc.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"setns {space}")
            os.close(fd)

        return enter

    def cable(self, name, plugged):
        run("ip", "link", "set", f"to-{name}", "up" if plugged else "down")

    def queue(self, name, *words):
        """Puts a queueing discipline on what the host sends; without words the plain one again."""
        if words:
            run("tc", "-n", name, "qdisc", "replace", "dev", "eth0", "root", *words)
        else:
            run("tc", "-n", name, "qdisc", "del", "dev", "eth0", "root", check=False)

    def lacks(self, what):
        """Why faults with this queueing discipline ("tbf", "netem") or with "cable" cannot be made; "" if they can."""
        if what == "cable":
            return ""
        if what not in self._queues:
            words = {"tbf": ["rate", "1mbit", "burst", "5k", "limit", "5k"], "netem": ["delay", "1ms"]}[what]
            tried = run("tc", "qdisc", "add", "dev", "lo", "root", what, *words, check=False)
            run("tc", "qdisc", "del", "dev", "lo", "root", check=False)
            self._queues[what] = "" if tried.returncode == 0 else f"this kernel has no {what}"
        return self._queues[what]


class Loopback:
    """Addresses 127.0.1.x of this machine: no cables, and ports that nobody else uses."""

    name = "loopback addresses"

    def __init__(self, why):
        self.why = why
        self.hub = "127.0.1.1"
        self._next = 10

    def host(self, _name):
        self._next += 1
        return f"127.0.1.{self._next}"

    def port(self, _usual):
        from sluice_e2e.processes import free_port
        return free_port()

    def enter_host(self, _name):
        return lambda: None

    def lacks(self, _what):
        return f"on loopback addresses: {self.why}"


def make(refused):
    return Loopback(refused) if refused else Namespaces()
