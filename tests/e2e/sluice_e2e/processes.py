"""Child processes with a log file each, that never outlive the test."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_random = random.SystemRandom()
_PORTS = range(12000, 32000)
# A socket bound to an abstract name for each port handed out: nobody else on this machine gets it
# while this process lives.
_reserved = {}


def die_with_parent():
    """For a child process: the kernel kills it when its parent ends, however that ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserve(port):
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0sluice-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _reserved[port] = claim
    return True


def free_port():
    """A loopback port that nobody listens on and that is handed out once, to this process or any other
    that asks here. From below the range that outgoing connections get their ports from."""
    while True:
        port = _random.choice(_PORTS)
        if _reserve(port) and port_is_free(port):
            return port


def free_shift(bases):
    """A number that makes each of the ports `bases` one like those of `free_port`."""
    while True:
        shift = _random.randrange(_PORTS.start - min(bases), _PORTS.stop - max(bases))
        if all(_reserve(base + shift) and port_is_free(base + shift) for base in bases):
            return shift


class Child:
    """One process in `folder`, its output in `folder`/<name>.log. `prepare` runs in it before the program."""

    def __init__(self, name, command, folder, stdin=subprocess.DEVNULL, prepare=None):
        def before_the_program():
            die_with_parent()
            if prepare:
                prepare()

        self.name = name
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(command, stdin=stdin, stdout=out, stderr=subprocess.STDOUT,
                                             preexec_fn=before_the_program, cwd=folder)
        self.pid = self._process.pid

    @property
    def alive(self):
        return self._process.poll() is None

    @property
    def status(self):
        return self._process.poll()

    def signal(self, number):
        if self.alive:
            os.kill(self.pid, number)

    def kill(self):
        """kill -9; returns when it is gone."""
        self.signal(signal.SIGKILL)
        self._process.wait(5)

    def freeze(self):
        self.signal(signal.SIGSTOP)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def stop(self, limit=11.0):
        """SIGTERM and an orderly end within `limit` seconds; returns the exit status. Those who use a node may keep
        it for its drain time, which is 5 s unless told otherwise."""
        self.thaw()
        self.signal(signal.SIGTERM)
        try:
            return self._process.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {limit} s of SIGTERM\n{self.tail()}") from None

    def wait(self, limit):
        """Its exit status, once it ends by itself."""
        return self._process.wait(limit)

    def tail(self, lines=40):
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"  {self.name} | {line}" for line in text[-lines:])


def wait_until(what, condition, limit=10.0, every=0.05):
    """Waits until `condition()` is true and returns its value; an AssertionError naming `what` at the limit."""
    deadline = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waiting for {what}: not within {limit} s")
        time.sleep(every)
    return value
