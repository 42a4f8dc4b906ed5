"""How long a viewer stood still: when it got each offset of the log, against when another one got the same."""

import bisect
import statistics


def arrivals(viewer):
    """[(offset of the log received up to, monotonic seconds)], growing in both."""
    start = viewer.place.join - viewer.place.preface
    return [(start + size, when) for when, size in list(viewer.marks) if size > viewer.place.preface]


def lateness(viewer, reference):
    """[(monotonic seconds, how much later than `reference` the viewer got the same offset)]."""
    ends = arrivals(reference)
    offsets = [offset for offset, _ in ends]
    found = []
    for offset, when in arrivals(viewer):
        index = bisect.bisect_left(offsets, offset)
        if offset >= offsets[0] and index < len(ends):
            found.append((when, when - ends[index][1]))
    return found


def longest(viewer, reference, since):
    """The longest pause from `since` on, in seconds: how much later than usual an offset came."""
    all_of_them = lateness(viewer, reference)
    usual = statistics.median(late for _, late in all_of_them)
    return max((late - usual for when, late in all_of_them if when >= since), default=0.0)
