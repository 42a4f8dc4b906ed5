"""Publishers: ffmpeg sends a file that was encoded once, at the speed of its clock, over RTMP or POST."""

import hashlib
import json
import os
import pathlib
import subprocess
import tempfile

from .processes import Child

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"
FRAME_RATE = 30
SAMPLE_SECONDS = 30

_PICTURE = (f"testsrc2=size=640x360:rate={FRAME_RATE},"
            f"drawtext=fontfile={FONT}:text='%{{pts\\:hms}}':x=20:y=20:"
            "fontsize=48:fontcolor=white:box=1:boxcolor=black")
_VIDEO = ("-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -b:v 800k -maxrate 800k -bufsize 800k "
          f"-g {FRAME_RATE} -keyint_min {FRAME_RATE} -sc_threshold 0").split()
_AUDIO = "-c:a aac -b:a 96k -ar 48000 -ac 2".split()


def sample(video=True, audio=True):
    """The path of a test picture with a running clock (H.264, a keyframe each second) and a tone (AAC)."""
    inputs, codecs = [], []
    if video:
        inputs += ["-f", "lavfi", "-i", _PICTURE]
        codecs += _VIDEO
    if audio:
        inputs += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
        codecs += _AUDIO
    arguments = [*inputs, *codecs, "-t", str(SAMPLE_SECONDS), "-f", "flv"]
    cache = pathlib.Path(os.environ.get("SLUICE_E2E_CACHE", tempfile.gettempdir()))
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"sample-{hashlib.sha256(' '.join(arguments).encode()).hexdigest()[:12]}.flv"
    if not path.exists():
        partial = path.with_suffix(f".{os.getpid()}.part")
        subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *arguments, str(partial)], check=True,
                       stdin=subprocess.DEVNULL, timeout=120)
        partial.replace(path)
    return path


class Publisher(Child):
    """ffmpeg in copy mode, paced, the sample over and over."""

    count = 0

    def __init__(self, folder, target, source=None, options=()):
        Publisher.count += 1
        command = ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-re", "-stream_loop", "-1",
                   "-i", str(source or sample()), "-c", "copy", "-flvflags", "no_duration_filesize",
                   *options, "-f", "flv", target]
        super().__init__(f"ffmpeg{Publisher.count}", command, folder)

    def close(self):
        """Ends as an encoder that is switched off does: it says goodbye."""
        if self.alive:
            self.stop()


def publish_rtmp(origin, key, source=None, params=""):
    application, _, name = key.rpartition("/")
    target = f"rtmp://127.0.0.1:{origin.ports['rtmp']}/{application}/{name}{params}"
    return Publisher(origin.log.parent, target, source)


def publish_post(origin, key, source=None, params=""):
    return Publisher(origin.log.parent, origin.live(key) + params, source, ("-method", "POST", "-chunked_post", "1"))


def probe(source, seconds=None):
    """ffprobe's streams and packets of a file or URL, of a live one only the first `seconds`."""
    interval = ["-read_intervals", f"%+{seconds}"] if seconds else []
    done = subprocess.run(["ffprobe", "-v", "error", *interval, "-show_entries",
                           "stream=index,codec_type,codec_name,width,height:packet=stream_index,dts",
                           "-of", "json", str(source)], check=True, capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=(seconds or 0) + 30)
    return json.loads(done.stdout)


def assert_plays(test, probed, codecs):
    """The codecs are these, every stream has packets, and no timestamp goes backwards."""
    test.assertEqual(sorted(stream["codec_name"] for stream in probed["streams"]), sorted(codecs))
    last, packets = {}, {}
    for packet in probed["packets"]:
        index, dts = packet["stream_index"], packet["dts"]
        test.assertGreaterEqual(dts, last.get(index, dts), f"stream {index} goes backwards")
        last[index] = dts
        packets[index] = packets.get(index, 0) + 1
    for stream in probed["streams"]:
        test.assertGreater(packets.get(stream["index"], 0), 10, f"packets of {stream['codec_type']}")
