"""What is written down of a fault."""

import collections
import dataclasses
import time

UNSEEN = 0.040  # seconds; shorter pauses are not told of one by one
MOST_NOTES = 12


@dataclasses.dataclass
class Fault:
    """One thing that was done and what the viewers saw of it."""

    kind: str
    what: str
    began: float  # unix seconds
    begun: float = dataclasses.field(default_factory=time.monotonic)
    pauses: list = dataclasses.field(default_factory=list)  # seconds, one a viewer behind it, without a hedge
    hedged: list = dataclasses.field(default_factory=list)  # the same of viewers at an edge that hedges
    others: list = dataclasses.field(default_factory=list)  # of viewers that it should not have touched
    after: float = 0.0  # the longest pause of any viewer from its end until the cluster was whole again
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    closed: int = 0
    sent_away: int = 0  # sockets that an edge closed in order, telling the viewer to go to another
    absences: list = dataclasses.field(default_factory=list)  # seconds from there to the picture at the other edge
    moves: int = 0
    tail: int = 0
    unfinished: int = 0  # viewers that still lacked bytes at the end
    late: float = 0.0  # worst sample taken while the tool itself stood still
    proxy_late: float = 0.0  # how long the tool's proxies stood still
    list_known: float = None  # seconds until every node had the new relay list
    serving: float = None  # seconds from a process's start to its first byte for a viewer
    notes: list = dataclasses.field(default_factory=list)
    broken: list = dataclasses.field(default_factory=list)  # what did not happen that had to
    ended: float = 0.0
    whole: float = 0.0  # unix seconds when its aftermath was over

    def saw(self, report, behind, hedging):
        """The viewers, from its begin until they had everything. `behind`: the (edge, key) that it is about, None: all.
        `hedging`: the edges that hedge."""
        self.ended = time.time()
        for seat in report["viewers"]:
            affected = behind is None or (seat["edge"], seat["key"]) in behind
            group = self.others if not affected else self.hedged if seat["edge"] in hedging else self.pauses
            group.append(seat["pause"])
            self.late = max(self.late, seat["marked"])
        self._count(report)

    def saw_afterwards(self, report):
        """The viewers, from its end until the cluster was whole again."""
        self.whole = time.time()
        self.after = max(self.after, *(seat["pause"] for seat in report["viewers"]))
        self._count(report)

    def _count(self, report):
        """Adds what became of bytes and sockets, and notes it."""
        for seat in report["viewers"]:
            for name in ("lost", "doubled", "wrong", "moves", "tail"):
                setattr(self, name, getattr(self, name) + seat.get(name, 0))
            self.closed += len(seat["closed"])
            self.sent_away += seat["sent_away"]
            self.absences += [seat["absence"]] if seat["absence"] else []
            self.unfinished += seat["unfinished"]
        told = collections.Counter((seat["edge"], note) for seat in report["viewers"] for note in
                                   (*seat["notes"], *(f"{seat['key']}: closed: {how}" for how in seat["closed"])))
        self.notes += [f"{count} viewers at {edge}: {note}" for (edge, note), count in told.most_common(MOST_NOTES)]
        self._note_longest(report)

    def _note_longest(self, report):
        seat = max(report["viewers"], key=lambda one: one["pause"])
        if seat["pause"] > UNSEEN:
            self.notes.append(f"longest pause: {seat['pause'] * 1e3:.0f} ms, {seat['key']} at {seat['edge']}, over "
                              f"{seat['at'] - self.begun:.2f} s after its begin")
