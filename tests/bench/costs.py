# SPDX-License-Identifier: Apache-2.0
"""Tables of what checks cost: medians over the runs, and how ours stands to each peer. A ratio is
taken within a run, of two that ran one after the other, and its median is told with the smallest
and the largest of them: the machine's moods are in both parts of a ratio, and fall out."""

import collections
import statistics

OURS = "regionshift"
TITLES = {"cost": "Plain checks", "tls": "Over TLS", "many": "Many endpoints, every 5 s",
          "holes": "A fifth of the endpoints swallow every packet",
          "most": "Twice what fits", "mosttls": "Twice what fits, over TLS"}
HEAD = ("| wanted | checker | checks/s | CPU µs per check | of it user | KB per endpoint | "
        "jitter p50, p99 ms | believed down | ours : it |\n"
        "|---|---|---|---|---|---|---|---|---|\n")


def cpu_us(row):
    """Of one check; None when there was none."""
    return row["cpu_ns"] / 1000 / row["count"] if row["count"] else None


def median_of(rows, value):
    values = [v for v in map(value, rows) if v is not None]
    return statistics.median(values) if values else None


def shown(value, form):
    return "" if value is None else format(value, form)


def ratios(ours, theirs):
    """Ours to theirs, CPU per check, of each run that has both; rising."""
    by_run = {row["run"]: cpu_us(row) for row in theirs}
    return sorted(cpu_us(row) / by_run[row["run"]] for row in ours
                  if by_run.get(row["run"]) and cpu_us(row))


def ratio_text(found):
    if not found:
        return ""
    return f"{statistics.median(found):.2f} ({found[0]:.2f} to {found[-1]:.2f})"


def user_share(row):
    ticks = row["user_ticks"] + row["system_ticks"]
    return 100 * row["user_ticks"] / ticks if ticks else None


def endpoint_kb(bases):
    """What an endpoint adds to the memory of a checker that has two."""
    def value(row):
        base = bases.get(row["peer"])
        if base is None or row["endpoints"] < 500:
            return None
        return (row["resident_kb"] - base["resident_kb"]) / row["endpoints"]
    return value


def jitter_ms(percentile):
    def value(row):
        return row["jitter_us"][percentile] / 1000 if row["intervals"] else None
    return value


def pair(rows, first, second, form):
    values = (median_of(rows, first), median_of(rows, second))
    return ", ".join(shown(value, form) for value in values) if None not in values else "not seen"


def line_of(wanted, name, rows, ours, bases):
    down = median_of(rows, lambda row: row.get("down"))
    return (f"| {wanted} | {name} | {median_of(rows, lambda r: r['count'] / r['seconds']):,.0f} | "
            f"{shown(median_of(rows, cpu_us), '.1f')} | "
            f"{shown(median_of(rows, user_share), '.0f')} % | "
            f"{shown(median_of(rows, endpoint_kb(bases)), '.2f')} | "
            f"{pair(rows, jitter_ms('p50'), jitter_ms('p99'), '.1f')} | {shown(down, '.0f')} | "
            f"{'' if name == OURS else ratio_text(ratios(ours, rows))} |\n")


def wanted_text(row):
    return f"{row['wanted']}, {row['wanted_endpoints']:,} endpoints, {row['rate']:,}/s"


def grouped(rows, key):
    groups = collections.OrderedDict()
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def table_of(part, rows, bases):
    text = f"### {TITLES[part]}\n\n{HEAD}"
    for wanted, same in grouped(rows, wanted_text).items():
        by_peer = grouped(same, lambda row: row["peer"])
        for name, its in by_peer.items():
            text += line_of(wanted, name, its, by_peer.get(OURS, []), bases)
            wanted = ""
    return text


def told_of(row):
    """What ours knows of its own punctuality."""
    late = row.get("late_p99_s")
    words = [f"99 % began within {late * 1000:g} ms" if late else "", *(
        f"{row[name]:,.0f} {text}" for name, text in (
            ("missed", "turns missed"), ("void", "results void"), ("bad", "results bad"))
            if row.get(name)),
        "said that it is overloaded" if row.get("overloaded") else "",
        "raised the alert of it" if row.get("alerted") else ""]
    return "; ".join(filter(None, words))


def told_text(rows):
    """Of the last run of each kind."""
    lines = []
    for wanted, same in grouped(rows, lambda row: f"{TITLES[row['part']]}: {wanted_text(row)}"
                                ).items():
        told = [told_of(row) for row in same if row["peer"] == OURS]
        if told and told[-1]:
            lines.append(f"- {wanted}: {told[-1]}")
    return "".join(f"{line}\n" for line in lines)


def base_text(bases):
    return "Resident with two endpoints, in MB: " + ", ".join(
        f"{name} {row['resident_kb'] / 1024:.1f}" for name, row in bases.items()) + ".\n"


def load_text(rows):
    """Ours is one program and its target: more than two means that others were busy, too."""
    loads = sorted(row["load"] for row in rows if "load" in row)
    return (f" Load of the machine meanwhile: {loads[0]:.1f} to {loads[-1]:.1f}, with the bench's "
            "own." if loads else "")


def tables(rows):
    """Markdown, of rows as tests/bench/checks keeps them."""
    bases = {row["peer"]: row for row in rows if row["part"] == "base"}
    by_part = grouped([row for row in rows if row["part"] != "base"], lambda row: row["part"])
    runs = max((row["run"] for row in rows), default=0)
    text = (f"Medians of {runs} runs; in brackets the least and the largest ratio."
            f"{load_text(rows)}\n")
    text += base_text(bases) if bases else ""
    for part, its in by_part.items():
        text += "\n" + table_of(part, its, bases)
    told = told_text([row for its in by_part.values() for row in its])
    return text + (f"\nWhat regionshift said of itself:\n\n{told}" if told else "")
