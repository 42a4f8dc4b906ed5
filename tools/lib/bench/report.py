"""What a run leaves: rows for people, the same as JSON, and a plot of the ratios."""

import dataclasses
import json
import statistics


@dataclasses.dataclass
class Row:
    part: str
    what: str
    measured: str
    limit: str = ""
    held: bool | None = None  # None: there is no limit
    values: dict = dataclasses.field(default_factory=dict)

    def line(self):
        verdict = {True: "held", False: "**missed**", None: ""}[self.held]
        return f"| {self.what} | {self.limit} | {self.measured} | {verdict} |"


def table(rows):
    parts = dict.fromkeys(row.part for row in rows)
    out = []
    for part in parts:
        out += [f"### {part}", "", "| what | limit | measured | |", "|---|---|---|---|",
                *(row.line() for row in rows if row.part == part), ""]
    return "\n".join(out)


def write(folder, machine, rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(
        {"machine": machine, "rows": [dataclasses.asdict(row) for row in rows]}, indent=1) + "\n", encoding="utf-8")
    ratios = [(row.what, row.values["ratios"]) for row in rows if "ratios" in row.values]
    if ratios:
        (folder / "ratios.svg").write_text(ratio_plot(ratios), encoding="utf-8")


def ratio_plot(series):
    """Each pair's ratio to the floor as a dot, the median as a bar, one line a series."""
    width, left, row_height, top = 860, 290, 34, 48
    height = top + row_height * len(series) + 40
    everything = [value for _, values in series for value in values]
    low = min(8, int(min(everything) * 10)) / 10
    high = max(1.5, max(everything) * 1.05)

    def x(value):
        return left + (width - left - 30) * (value - low) / (high - low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           'font-family="system-ui, sans-serif" font-size="13">',
           f'<rect width="{width}" height="{height}" fill="#fff"/>',
           f'<text x="{left}" y="22" font-size="15" fill="#222">CPU seconds a GB, as a multiple of the bare sender\'s</text>']
    ticks = [low + 0.1 * i for i in range(int((high - low) / 0.1) + 1)]
    step = max(1, len(ticks) // 8)
    for tick in ticks[::step]:
        strong = abs(tick - 1) < 1e-9
        out.append(f'<line x1="{x(tick):.1f}" y1="{top - 10}" x2="{x(tick):.1f}" y2="{height - 30}" '
                   f'stroke="{"#888" if strong else "#ddd"}"/>')
        out.append(f'<text x="{x(tick):.1f}" y="{height - 12}" text-anchor="middle" fill="#555">{tick:.1f}</text>')
    for i, (name, values) in enumerate(series):
        y = top + row_height * (i + 0.5)
        median = statistics.median(values)
        out.append(f'<text x="{left - 12}" y="{y + 4:.1f}" text-anchor="end" fill="#222">{name}</text>')
        out += [f'<circle cx="{x(v):.1f}" cy="{y:.1f}" r="4" fill="#3b82c4" fill-opacity="0.55"/>' for v in values]
        out.append(f'<line x1="{x(median):.1f}" y1="{y - 11:.1f}" x2="{x(median):.1f}" y2="{y + 11:.1f}" '
                   'stroke="#c0392b" stroke-width="2.5"/>')
    return "\n".join([*out, "</svg>"]) + "\n"
