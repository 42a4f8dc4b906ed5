"""The pure layers by themselves, measured by Google Benchmark."""

import json
import os
import subprocess

from .report import Row

PART = "Without sockets"
WORDS = {"rtmp_session": "RTMP session, chunks of", "flv_read": "FLV file read", "flv_scan": "log bytes scanned for tags",
         "log_append": "log appended to, tag by tag, with one reader told", "log_read": "steps of viewers in turn,",
         "enumerate": "enumeration, each relay described, of", "rank": "enumeration, the order alone, of"}

UNITS = {"chunk": "bytes", "relays": "relays", "viewers": "viewers"}


def micro(make_rig, given):
    """RTMP, FLV, the log and enumerations on one core."""
    with make_rig() as r:
        program = r.programs.parent / "micro" / "sluice_micro"
        if not program.exists():
            raise AssertionError("sluice_micro was not built: Google Benchmark is missing (tools/bootstrap installs it)")
        done = r.under_test(lambda: subprocess.run(
            [str(program), "--benchmark_format=json", f"--benchmark_min_time={0.05 if given.quick else 0.5}"],
            check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}))
    for one in json.loads(done.stdout)["benchmarks"]:
        name, _, argument = one["name"].removesuffix("/iterations:1").partition("/")
        unit, _, number = argument.partition(":")
        what = f"{WORDS[name]} {number} {UNITS.get(unit, '')}".strip()
        if one.get("error_occurred"):
            yield Row(PART, what, one["error_message"], held=False)
            continue
        rates = [f"{one['bytes_per_second'] / 1e9:.2f} GB/s"] if "bytes_per_second" in one else []
        rates += [f"{one['items_per_second']:,.0f} /s"] if "items_per_second" in one else []
        yield limited(what, rates, one)


def limited(what, rates, one):
    fast_enough = one.get("items_per_second", 0) >= 1e6 if one["name"] == "rank/relays:50" else None
    return Row(PART, what, ", ".join(rates), "" if fast_enough is None else "1 M/s", fast_enough, {"told": one})
