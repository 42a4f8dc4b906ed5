"""The six encoders: ffmpeg, sending a small film that was encoded once, at the speed of its clock."""

import hashlib
import os
import pathlib
import subprocess
import tempfile

from sluice_e2e.processes import Child

FILM = ("-f lavfi -i testsrc2=size=320x180:rate=30 -f lavfi -i sine=frequency=440:sample_rate=44100 "
        "-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -b:v 230k -maxrate 230k -bufsize 115k "
        "-g 30 -keyint_min 30 -sc_threshold 0 -c:a aac -b:a 48k -ac 1 -t 20 -f flv").split()


def film():
    """Its path: about 300 kbit/s, a keyframe each second."""
    cache = pathlib.Path(os.environ.get("SLUICE_E2E_CACHE", tempfile.gettempdir()))
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"chaos-{hashlib.sha256(' '.join(FILM).encode()).hexdigest()[:12]}.flv"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}.part")
        subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *FILM, str(partial)], check=True,
                       stdin=subprocess.DEVNULL, timeout=120)
        partial.replace(path)
    return path


class Encoder:
    """One stream's publisher. It speaks RTMP or POST, and can be killed, started again and sent elsewhere."""

    def __init__(self, folder, key, scheme, origin):
        self.key, self.scheme, self.origin = key, scheme, origin
        self._folder = folder
        self._process = None

    def start(self):
        if self.scheme == "rtmp":
            target, options = f"rtmp://{self.origin.at('rtmp')}/{self.key}", []
        else:
            target, options = self.origin.url(f"/{self.key}.flv"), ["-method", "POST", "-chunked_post", "1"]
        command = ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-re", "-stream_loop", "-1", "-i", str(film()),
                   "-c", "copy", "-flvflags", "no_duration_filesize", *options, "-f", "flv", target]
        self._process = Child(f"encoder-{self.key.rpartition('/')[2]}", command, self._folder)

    @property
    def alive(self):
        return self._process is not None and self._process.alive

    def kill(self):
        """Without a goodbye, as a machine that loses its power."""
        if self.alive:
            self._process.kill()

    def stop(self):
        """Switched off in order."""
        if self.alive:
            self._process.stop()
