"""A real etcd in a folder of the test."""

import json
import urllib.request

from .processes import Child, free_port, wait_until


class Etcd:
    """One server; `start` again after `process.kill()` continues with what it had stored."""

    def __init__(self, folder):
        self._folder = folder
        self._client, self._peer = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._client}"
        self.process = None

    def start(self):
        peer = f"http://127.0.0.1:{self._peer}"
        self.process = Child("etcd", [
            "etcd", "--name", "one", "--data-dir", str(self._folder / "etcd-data"), "--listen-client-urls", self.url,
            "--advertise-client-urls", self.url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"one={peer}", "--logger", "zap"], self._folder)
        wait_until("etcd", self._healthy, 30)

    def _healthy(self):
        if not self.process.alive:
            raise AssertionError(f"etcd ended with status {self.process.status}\n{self.process.tail()}")
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return json.load(answer)["health"] == "true"
        except OSError:
            return False

    def close(self):
        if self.process:
            self.process.kill()
