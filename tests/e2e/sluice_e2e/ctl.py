"""`sluice ctl` as an operator or a program runs it."""

import json
import subprocess

from .cluster import binary

LIMIT = 30


class Ctl:
    """Asks and tells a cluster by the directories given (nodes of it)."""

    def __init__(self, *directories):
        self.addresses = ",".join(f"127.0.0.1:{node.ports['control']}" for node in directories)

    def run(self, *words):
        return subprocess.run([binary(), "ctl", "--directory", self.addresses, *words], capture_output=True,
                              text=True, timeout=LIMIT, stdin=subprocess.DEVNULL, check=False)

    def text(self, *words):
        """What it printed; it must have succeeded."""
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(f"ctl {' '.join(words)}: status {done.returncode}: {done.stderr}")
        return done.stdout

    def json(self, *words):
        return json.loads(self.text("--json", *words))

    def rows(self, *words):
        """A table's rows as {title: cell}."""
        lines = self.text(*words).splitlines()
        heading = next(i for i, line in enumerate(lines) if line.split() and line.split()[0].isupper())
        names = [name.strip() for name in lines[heading].split("  ") if name.strip()]
        rows = []
        for line in lines[heading + 1:]:
            if not line.strip():
                break
            # Cells are two blanks apart and none is empty.
            cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
            rows.append(dict(zip(names, cells)))
        return rows

    def refused(self, *words):
        """(exit status, sentence) of a command that must fail."""
        done = self.run(*words)
        if done.returncode == 0 or done.stdout:
            raise AssertionError(f"ctl {' '.join(words)} did not fail: {done.stdout}")
        return done.returncode, done.stderr
