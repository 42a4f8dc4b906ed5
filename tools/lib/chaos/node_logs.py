"""What the nodes wrote into their logs, merged by time: who knew what, and when."""

import datetime
import re

LINE = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT\S+) (?P<level>\w+) event=(?P<rest>.*)")
DIGEST = re.compile(r'"?relay list"?.* digest=(?P<digest>[0-9a-f]{16})')


def seconds_of(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


class NodeLogs:
    """Lines of every node's log in a time range (unix seconds)."""

    def __init__(self, folder):
        self._folder = folder

    def lines(self, begin, end):
        """[(unix seconds, node, text)], in order."""
        found = []
        for path in sorted(self._folder.glob("*.log")):
            with path.open(errors="replace") as log:
                for line in log:
                    match = LINE.match(line)
                    if match and begin <= (at := seconds_of(match["time"])) <= end:
                        found.append((at, path.stem, f"{match['level']} {match['rest'].rstrip()}"))
        return sorted(found)

    def list_known(self, begin, end, nodes):
        """When these nodes knew the list that all of them ended with: (first, last), unix seconds. None if no new list
        came, or if they do not agree."""
        last, first_seen = {}, {}
        for at, node, text in self.lines(begin, end):
            if match := DIGEST.search(text):
                last[node] = match["digest"]
                first_seen.setdefault((node, match["digest"]), at)
        if set(nodes) - set(last) or len({last[node] for node in nodes}) != 1:
            return None
        times = [first_seen[node, last[node]] for node in nodes]
        return min(times), max(times)


def timeline(lines, begin):
    """For people: milliseconds since the fault, node, what it wrote."""
    return [f"{(at - begin) * 1000:9.0f} ms  {node:<4} {text}" for at, node, text in lines]
