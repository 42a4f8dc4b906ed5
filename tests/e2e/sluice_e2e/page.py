"""A watch page in Chromium, opened and looked at by one of the scripts beside this package."""

import json
import pathlib
import subprocess

SCRIPTS = pathlib.Path(__file__).resolve().parents[1]
WEB = SCRIPTS.parents[1] / "web"


class Page:
    """Runs `script` on `url`, with these words more."""

    def __init__(self, script, url, *words):
        self._process = subprocess.Popen(["node", str(SCRIPTS / script), str(WEB), url, *map(str, words)], text=True,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_live(self):
        """Until page_timeline.mjs has seen the page play."""
        if self._process.stdout.readline().strip() != "live":
            raise AssertionError(f"the page does not play: {self._process.communicate(timeout=60)[1]}")

    def seen(self, limit=90):
        """What the script saw, once it ends."""
        out, errors = self._process.communicate(timeout=limit)
        if self._process.returncode:
            raise AssertionError(f"the page's script ended with status {self._process.returncode}: {errors}")
        return json.loads(out)

    def close(self):
        self._process.kill()
        self._process.communicate()
