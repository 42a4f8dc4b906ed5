"""The bars a run is judged by, and the figures of each kind's row."""

import dataclasses
import math

NOISE = 0.040  # seconds; what counts as no pause


@dataclasses.dataclass(frozen=True)
class Bar:
    """Longest pauses allowed, seconds; None: not judged. Bytes and sockets are judged in every row."""

    median: float = None
    longest: float = None


AT_ONCE = Bar(0.030, 0.200)
SILENT = Bar(0.750, 1.100)
UNSEEN = Bar(None, NOISE)
SERVING_LIMIT = 1.0
LIST_LIMIT = 0.300  # p99
BARS = {
    "relay killed": AT_ONCE,
    "relay restarted": AT_ONCE,
    "relay stopped": AT_ONCE,
    "relay killed without directories": AT_ONCE,
    "relay frozen": SILENT,
    "cable pulled": SILENT,
    "connections stalled": SILENT,
    "connections half-open": SILENT,
    "relay returned": UNSEEN,
    "relay returned without directories": UNSEEN,
    "relay thawed": UNSEEN,
    "cable put back": UNSEEN,
    "relay drained": UNSEEN,
    "relay undrained": UNSEEN,
    "relay taken away": UNSEEN,
    "weight changed": UNSEEN,
    "relay added": UNSEEN,
    "one directory dead": UNSEEN,
    "two directories dead": UNSEEN,
    "all directories dead": UNSEEN,
    "one directory dead, back": UNSEEN,
    "two directories dead, back": UNSEEN,
    "all directories dead, back": UNSEEN,
    "etcd dead": UNSEEN,
    "etcd dead, back": UNSEEN,
    "edge restarted": UNSEEN,
    "edge told to end": UNSEEN,
    "publisher reconnects": Bar(None, 0.100),
    "publisher moves to another origin": Bar(None, 1.0),
    "origin dead, its streams move": Bar(None, 1.0),
}
HEDGED = "hedge 2, any relay fault"
HEDGED_KINDS = {"relay killed", "relay restarted", "relay stopped", "relay frozen", "cable pulled", "relay drained",
                "relay undrained", "weight changed", "relay added", "relay returned", "relay thawed", "cable put back",
                "relay taken away", "relay killed without directories", "relay returned without directories",
                "connections stalled", "connections stalled, over", "connections half-open",
                "connections delayed 150 ms", "connections delayed 150 ms, over", "burst loss", "burst loss, over",
                "low rate", "low rate, over", "netem loss 5 %", "netem loss 5 %, over", "netem jitter",
                "netem jitter, over"}
BARS[HEDGED] = UNSEEN
ENOUGH = 30  # faults, for a longest pause to say something
GROUPS = {
    "relay in use killed, ended or restarted": ["relay killed", "relay killed without directories", "relay restarted",
                                                "relay stopped"],
    "relay in use frozen or cut off": ["relay frozen", "cable pulled", "connections stalled", "connections half-open"],
    "relay drained, weight changed, relay added or returned": [
        "relay drained", "relay undrained", "weight changed", "relay added", "relay taken away", "relay returned",
        "relay returned without directories", "relay thawed", "cable put back"],
    HEDGED: [HEDGED],
    "one, two, three directories dead; etcd dead": [
        f"{what} dead{back}" for what in ("one directory", "two directories", "all directories", "etcd")
        for back in ("", ", back")],
    "edge told to end, its viewers go elsewhere": ["edge told to end"],
    "publisher reconnects within the grace time": ["publisher reconnects"],
    "stream moves to another origin": ["publisher moves to another origin", "origin dead, its streams move"],
}


def percentile(values, share):
    """The least value that at least this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)] if values else None


@dataclasses.dataclass
class Row:
    kind: str
    faults: int = 0
    pauses: list = dataclasses.field(default_factory=list)  # excess over the run's median, seconds
    others: list = dataclasses.field(default_factory=list)
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    closed: int = 0
    sent_away: int = 0
    moves: int = 0
    tail: int = 0
    after: list = dataclasses.field(default_factory=list)
    lists: list = dataclasses.field(default_factory=list)
    serving: list = dataclasses.field(default_factory=list)
    broken: list = dataclasses.field(default_factory=list)
    missed: list = dataclasses.field(default_factory=list)  # which bars, in words


def rows(faults, median):
    """{kind: Row} in the order they first came."""
    table = {}
    for fault in faults:
        row = table.setdefault(fault.kind, Row(fault.kind))
        row.faults += 1
        row.pauses += [max(0.0, pause - median) for pause in fault.pauses]
        row.others += [max(0.0, pause - median) for pause in fault.others]
        for name in ("lost", "doubled", "wrong", "closed", "sent_away", "moves", "tail"):
            setattr(row, name, getattr(row, name) + getattr(fault, name))
        row.after.append(max(0.0, fault.after - median))
        row.lists += [fault.list_known] if fault.list_known is not None else []
        row.serving += [fault.serving] if fault.serving is not None else []
        row.broken += fault.broken
        row.broken += [f"{fault.unfinished} viewers never got the rest"] if fault.unfinished else []
        if fault.hedged:
            hedged = table.setdefault(HEDGED, Row(HEDGED)) if fault.kind in HEDGED_KINDS else row
            hedged.faults += hedged is not row
            hedged.pauses += [max(0.0, pause - median) for pause in fault.hedged]
    return table


def groups(table):
    """[(group, faults, pauses, bar, whether all of its rows held)] of the judged rows."""
    found = []
    for name, kinds in GROUPS.items():
        rows_of = [table[kind] for kind in kinds if kind in table]
        pauses = [pause for row in rows_of for pause in row.pauses]
        if rows_of:
            found.append((name, sum(row.faults for row in rows_of), pauses, BARS[kinds[0]],
                          not any(row.missed for row in rows_of)))
    return found


def judge(row, slack=0.0):
    """Writes down which bars the row missed. `slack`, seconds, is added to those for pauses and times; for bytes and
    sockets there is none."""
    for what in ("lost", "doubled", "wrong"):
        if getattr(row, what):
            row.missed.append(f"{getattr(row, what)} bytes {what}")
    if row.closed:
        row.missed.append(f"{row.closed} viewer sockets closed")
    row.missed += row.broken
    bar = BARS.get(row.kind, Bar())
    _limit(row, "median pause", percentile(row.pauses, 0.5), bar.median, slack)
    _limit(row, "longest pause", max(row.pauses, default=None), bar.longest, slack)
    _limit(row, "longest pause of a viewer it was not about", max(row.others, default=None), bar.longest, slack)
    _limit(row, "longest pause of any viewer afterwards", max(row.after, default=None), bar.longest, slack)
    _limit(row, "serving again", max(row.serving, default=None), SERVING_LIMIT, slack)
    _limit(row, "p99 of the list known everywhere", percentile(row.lists, 0.99), LIST_LIMIT, slack)
    return row.missed


def _limit(row, what, value, limit, slack):
    if value is not None and limit is not None and value > limit + slack:
        row.missed.append(f"{what} {value * 1e3:.0f} ms; the bar is {limit * 1e3:.0f} ms"
                          + (f" and {slack * 1e3:.0f} ms of slack" if slack else ""))
