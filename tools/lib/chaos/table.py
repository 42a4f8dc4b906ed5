"""A run's table, for terminals, documents and programs."""

import dataclasses
import json

from . import bars

COLUMNS = ["fault", "number", "pause p50", "p99", "max", "others' max", "after", "bytes lost", "doubled", "wrong",
           "closed", "list known p99", "serving", "bars"]


def _ms(value):
    return "-" if value is None else f"{value * 1e3:.0f} ms"


def _cells(row):
    bar = bars.BARS.get(row.kind, bars.Bar())
    judged = "missed" if row.missed else "held" if bar.longest is not None else "held (bytes)"
    lost = f"{row.lost}" + (f" (+ {row.tail} of {row.moves} left logs' tails)" if row.moves else "")
    closed = f"{row.closed}" + (f" (+ {row.sent_away} sent elsewhere)" if row.sent_away else "")
    return [row.kind, str(row.faults), _ms(bars.percentile(row.pauses, 0.5)), _ms(bars.percentile(row.pauses, 0.99)),
            _ms(max(row.pauses, default=None)), _ms(max(row.others, default=None)),
            _ms(max(row.after, default=None)), lost, str(row.doubled),
            str(row.wrong), closed, _ms(bars.percentile(row.lists, 0.99)),
            _ms(max(row.serving, default=None)), judged]


def lines(rows, skipped, markdown):
    """A row for each kind."""
    table = [COLUMNS, *(_cells(row) for row in rows)]
    table += [[name, "SKIPPED", *[""] * (len(COLUMNS) - 3), why] for name, why in skipped.items()]
    return _laid_out(table, markdown)


def group_lines(groups, markdown):
    """A row for each group of kinds that has a bar in common."""
    table = [["bar", "faults", "pause p50", "p99", "max", "allowed", "held"]]
    for name, faults, pauses, bar, held in groups:
        allowed = f"max {_ms(bar.longest)}" if bar.median is None else f"p50 {_ms(bar.median)}, max {_ms(bar.longest)}"
        few = "" if faults >= bars.ENOUGH else f" (fewer than {bars.ENOUGH} faults)"
        table.append([name, str(faults), _ms(bars.percentile(pauses, 0.5)), _ms(bars.percentile(pauses, 0.99)),
                      _ms(max(pauses, default=None)), allowed, ("yes" if held else "no") + few])
    return _laid_out(table, markdown)


def _laid_out(table, markdown):
    columns = len(table[0])
    if markdown:
        out = [f"| {' | '.join(cells)} |" for cells in table]
        return [out[0], "|---" * columns + "|", *out[1:]]
    widths = [max(len(cells[i]) for cells in table) for i in range(columns - 1)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, [*widths, 0])).rstrip() for cells in table]


def as_json(faults, rows, skipped, about):
    return json.dumps({"about": about, "skipped": skipped, "faults": [dataclasses.asdict(one) for one in faults],
                       "rows": [dataclasses.asdict(row) for row in rows]}, indent=1)
