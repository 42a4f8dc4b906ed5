"""Streams in the Enhanced RTMP form, made by ffmpeg and tools/enhanced-flv, and their publishers."""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

from . import publish
from .processes import Child

TOOL = pathlib.Path(__file__).resolve().parents[3] / "tools" / "enhanced-flv"
SECONDS = 30
_PICTURE = ["-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={publish.FRAME_RATE}", "-t", str(SECONDS)]
_TONE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(SECONDS)]
RAW = {
    # Not SVT-AV1: mpegts.js 1.8.2 stumbles over its sequence header.
    "av1.ivf": [*_PICTURE, *"-c:v libaom-av1 -usage realtime -cpu-used 8 -row-mt 1 -g 30 -b:v 400k -f ivf".split()],
    "picture.hevc": [*_PICTURE, *"-c:v libx265 -preset ultrafast -x265-params".split(),
                     "log-level=error:keyint=30:min-keyint=30:bframes=0:scenecut=0", "-f", "hevc"],
    "opus.ogg": [*_TONE, *"-c:a libopus -b:a 64k -f ogg".split()],
}


def _made(name, arguments, run):
    """The file `name` in the cache, made by `run(path)` unless it was already, by the same arguments."""
    cache = pathlib.Path(os.environ.get("SLUICE_E2E_CACHE", tempfile.gettempdir()))
    cache.mkdir(parents=True, exist_ok=True)
    stem, _, suffix = name.rpartition(".")
    path = cache / f"{stem}-{hashlib.sha256(repr(arguments).encode()).hexdigest()[:12]}.{suffix}"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}.part")
        run(partial)
        partial.replace(path)
    return path


def raw(name):
    arguments = RAW[name]
    return _made(name, arguments, lambda path: subprocess.run(
        ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *arguments, str(path)], check=True,
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120))


def arguments_for(kind):
    """What tools/enhanced-flv is to be told for one of the kinds of streams here."""
    return {
        "av1+opus": lambda: ["--video", raw("av1.ivf"), "--audio", raw("opus.ogg")],
        "av1": lambda: ["--video", raw("av1.ivf")],
        "opus": lambda: ["--audio", raw("opus.ogg")],
        "hevc": lambda: ["--video", raw("picture.hevc"), "--fps", publish.FRAME_RATE],
        "hevc+opus": lambda: ["--video", raw("picture.hevc"), "--fps", publish.FRAME_RATE, "--audio", raw("opus.ogg")],
        "avc1+mp4a": lambda: ["--form", "avc1", "--input", publish.sample()],
    }[kind]()


def command(kind, *more):
    return [sys.executable, "-B", str(TOOL), *map(str, arguments_for(kind)), *more]


def sample(kind):
    """The path of an FLV file of that kind."""
    line = command(kind)
    return _made(f"{kind}.flv", line, lambda path: subprocess.run([*line, "-o", str(path)], check=True, timeout=60))


class PacedPost(Child):
    """The tool at the speed of its timestamps, into curl, into the origin."""

    def __init__(self, origin, key, kind):
        tool = " ".join(f"'{word}'" for word in command(kind, "--pace"))
        curl = f"curl --silent --show-error --fail-with-body --no-buffer -T - -X POST {origin.live(key)}"
        super().__init__(f"post-{kind}", ["bash", "-c", f"{tool} | exec {curl}"], origin.log.parent)

    def close(self):
        if self.alive:
            self.stop()
