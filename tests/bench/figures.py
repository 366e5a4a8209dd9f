# SPDX-License-Identifier: Apache-2.0
"""Figures: samples beside what bounds them, as rows of a table of markdown."""

import statistics


def percentile(samples, percent):
    """The smallest sample that so many percent do not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Table:
    """Rows of (what, samples in ms, bound in ms, the bound in words)."""

    def __init__(self, title, round_trip_ms):
        self.title = title
        self.round_trip_ms = round_trip_ms
        self.rows = []

    def add(self, what, samples, bound_ms=None, bound=""):
        if samples:
            self.rows.append((what, list(samples), bound_ms, bound))

    def text(self):
        lines = [f"### {self.title}", "",
                 "| what | n | p50 ms | p99 ms | max ms | p50 in RTT | bound | p99 within |",
                 "|---|---|---|---|---|---|---|---|"]
        for what, samples, bound_ms, bound in self.rows:
            middle = statistics.median(samples)
            high = percentile(samples, 99)
            shown = f"{bound} = {bound_ms:.0f} ms" if bound_ms is not None else ""
            within = "" if bound_ms is None else "yes" if high <= bound_ms else "no"
            lines.append(f"| {what} | {len(samples)} | {middle:.1f} | {high:.1f} | "
                         f"{max(samples):.1f} | {middle / self.round_trip_ms:.2f} | {shown} | "
                         f"{within} |")
        return "\n".join(lines) + "\n"
