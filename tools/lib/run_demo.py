#!/usr/bin/python3
"""The running part of tools/demo: starts the cluster and the publisher, waits for the picture, watches both."""

import argparse
import ctypes
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "build" / "release" / "sluice"
FOLDER = ROOT / "build" / "demo"
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf"
KEY = "live/room1"

RELAYS, EDGES, DIRECTORIES = 3, 2, 3
START_LIMIT = 20.0
PICTURE_LIMIT = 30.0
FRAMES_THAT_FLOW = 30
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)


class DemoError(Exception):
    """The demo cannot go on; the message is for whoever started it."""


class Ports:
    """The ports of `sluice --role all`, moved by --port-shift."""

    def __init__(self, shift):
        self.rtmp = 1935 + shift
        self.edges = [8080 + shift + i for i in range(EDGES)]
        self.origins = [8200 + shift]
        self.relays = [8300 + shift + i for i in range(RELAYS)]
        self.directories = [8400 + shift + i for i in range(DIRECTORIES)]
        self.trunks = [8500 + shift + i for i in range(RELAYS)]
        self.controls = [7700 + shift + i for i in range(DIRECTORIES)]

    def with_purpose(self):
        yield self.rtmp, "RTMP, where the publisher sends to"
        for what, ports in (("HTTP of an edge", self.edges), ("HTTP of the origin", self.origins),
                            ("HTTP of a relay", self.relays), ("HTTP of a directory", self.directories),
                            ("trunk of a relay", self.trunks), ("control of a directory", self.controls)):
            for port in ports:
                yield port, what


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def port_owner(port):
    seen = subprocess.run(["ss", "-H", "-ltnp", f"sport = :{port}"], capture_output=True, text=True).stdout
    if match := re.search(r'\(\("([^"]+)",pid=(\d+)', seen):
        return f"pid {match[2]} ({match[1]})"
    return "a process of another user"


def check_ports(ports):
    taken = [(port, what) for port, what in ports.with_purpose() if not port_is_free(port)]
    if taken:
        lines = [f"  {port} ({what}): in use by {port_owner(port)}" for port, what in taken]
        raise DemoError("these ports are taken:\n" + "\n".join(lines) +
                        "\nend what uses them, or choose others: tools/demo --port-shift 10000")


class Child:
    """A process with a log file that ends with this one, whatever happens to it."""

    def __init__(self, name, command):
        self.name = name
        self.log = FOLDER / f"{name}.log"
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                            start_new_session=True, preexec_fn=self._die_with_parent)

    @staticmethod
    def _die_with_parent():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def check(self):
        status = self.process.poll()
        if status is None:
            return
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        how = f"killed by signal {-status}" if status < 0 else f"status {status}"
        raise DemoError(f"{self.name} ended ({how}); the end of {self.log.relative_to(ROOT)}:\n" +
                        "\n".join(f"  {line}" for line in lines))

    def end(self):
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(7)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_cluster(shift):
    command = [str(BINARY), "--role", "all", "--relays", str(RELAYS), "--edges", str(EDGES), "--directories",
               str(DIRECTORIES), "--port-shift", str(shift), "--state-dir", str(FOLDER / "state")]
    return Child("sluice", command)


def start_publisher(ports):
    clock = (f"drawtext=fontfile={FONT}:text='%{{localtime\\:%H\\\\\\:%M\\\\\\:%S}}':x=40:y=40:fontsize=72:"
             "fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=12")
    run = (f"drawtext=fontfile={FONT}:text='%{{pts\\:hms}}':x=40:y=150:fontsize=36:"
           "fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=8")
    command = ["ffmpeg", "-hide_banner", "-loglevel", "warning", "-nostdin",
               "-re", "-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30,{clock},{run}",
               "-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
               *"-c:v libx264 -preset veryfast -tune zerolatency -pix_fmt yuv420p -b:v 2500k -maxrate 2500k".split(),
               *"-bufsize 2500k -g 60 -keyint_min 60 -sc_threshold 0 -c:a aac -b:a 128k -ac 2".split(),
               "-f", "flv", f"rtmp://127.0.0.1:{ports.rtmp}/{KEY}"]
    return Child("ffmpeg", command)


def wait_for(what, children, condition, limit):
    deadline = time.monotonic() + limit
    while not condition():
        for child in children:
            child.check()
        if time.monotonic() > deadline:
            logs = ", ".join(str(child.log.relative_to(ROOT)) for child in children)
            raise DemoError(f"{what}: not within {limit:.0f} s; see {logs}")
        time.sleep(0.1)


def is_ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.HTTPError):
        return False


def count_video_tags(url, wanted, seconds):
    """Reads FLV until `wanted` video tags came; returns how many came within `seconds`."""
    count, deadline = 0, time.monotonic() + seconds
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        answer.read(13)
        while count < wanted and time.monotonic() < deadline:
            head = answer.read(11)
            if len(head) < 11:
                break
            answer.read(int.from_bytes(head[1:4], "big") + 4)
            count += head[0] == 9
    return count


def is_flowing(port):
    try:
        return count_video_tags(f"http://127.0.0.1:{port}/{KEY}.flv", FRAMES_THAT_FLOW, 5) >= FRAMES_THAT_FLOW
    except (OSError, urllib.error.HTTPError):
        return False


def print_urls(ports):
    edge = f"http://127.0.0.1:{ports.edges[0]}"
    print(f"""
The picture is flowing: publisher -> origin -> relay -> edge.

  watch it           {edge}/watch/{KEY}
  at the other edge  http://127.0.0.1:{ports.edges[1]}/watch/{KEY}
  live streams       {edge}/
  any player         {edge}/{KEY}.flv   (ffplay, VLC, mpv)
  which way it goes  {edge}/api/v1/streams/{KEY}
  and why            {edge}/api/v1/enumerate/{KEY}
  the nodes          {edge}/api/v1/nodes
  publish your own   rtmp://127.0.0.1:{ports.rtmp}/live   stream key: any name, such as room2
  logs               build/demo/sluice.log, build/demo/ffmpeg.log

Ctrl-C ends everything.""", flush=True)


def run(shift, children):
    ports = Ports(shift)
    check_ports(ports)
    (FOLDER / "state").mkdir(parents=True, exist_ok=True)
    print(f"\n== starting the cluster: 1 origin, {RELAYS} relays, {EDGES} edges, {DIRECTORIES} directories", flush=True)
    children.append(start_cluster(shift))
    wait_for("the cluster to be ready", children, lambda: is_ready(ports.edges[0]) and is_ready(ports.origins[0]),
             START_LIMIT)
    print("== publishing a test picture by ffmpeg", flush=True)
    children.append(start_publisher(ports))
    wait_for("the picture to arrive at the edge", children, lambda: is_flowing(ports.edges[0]), PICTURE_LIMIT)
    print_urls(ports)
    while True:
        for child in children:
            child.check()
        time.sleep(0.5)


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(prog="tools/demo")
    parser.add_argument("--port-shift", type=int, default=0, metavar="N", help="adds N to every port")
    shift = parser.parse_args().port_shift
    if not 0 <= shift <= 50000:
        parser.error(f"--port-shift {shift}: 0 to 50000 expected")
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    os.chdir(ROOT)
    children = []
    try:
        run(shift, children)
    except DemoError as error:
        print(f"\ntools/demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nending", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for child in reversed(children):
            child.end()


if __name__ == "__main__":
    sys.exit(main())
