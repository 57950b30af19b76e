"""What the gateway should publish, computed from the files by other means.

Values are the doubles that the devices send; sums are exact fractions, rounded once.
"""

import csv
import datetime
from fractions import Fraction

HOUR = 3_600_000
DAY = 24 * HOUR


def milliseconds(text):
    """UTC milliseconds of `2015-02-04 17:51:00` or `2010/01/01 00:00`."""
    for form in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M"):
        try:
            time = datetime.datetime.strptime(text, form)
        except ValueError:
            continue
        return round(time.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)
    raise ValueError(text)


def celsius(fahrenheit):
    """The gateway's conversion: one multiplication and one addition of doubles."""
    return fahrenheit * (5.0 / 9.0) + (-160.0 / 9.0)


def read(path, time_column, columns):
    """By property: (time, value) of each row that has one. `columns`: column to (property, unit)."""
    readings = {name: [] for name, _ in columns.values()}
    with open(path, encoding="utf8", newline="") as file:
        for row in csv.DictReader(file):
            for column, (name, convert) in columns.items():
                if row[column] != "":
                    value = convert(float(row[column]))
                    readings[name].append((milliseconds(row[time_column]), value))
    return readings


def windows(readings, size):
    """(start, end) of each window that has readings, with its aggregates, in order."""
    buckets = {}
    for time, value in readings:
        buckets.setdefault(time // size * size, []).append(value)
    return {(start, start + size): aggregate(values) for start, values in sorted(buckets.items())}


def aggregate(values):
    total = sum(map(Fraction, values), Fraction(0))
    return {"count": len(values), "sum": float(total), "avg": float(total / len(values)),
            "min": min(values), "max": max(values)}


def consecutive(rows, count, holds):
    """Times at which `holds` was true in `count` adjacent windows; a match starts a new run."""
    times, run, last = [], 0, None
    for (start, end), row in rows.items():
        run = run if start == last else 0
        last = end
        run = run + 1 if holds(row) else 0
        if run == count:
            times.append(end)
            run = 0
    return times


def spread(rows, span, limit):
    """Ends of windows where the maximum and the minimum of the last `span` are over `limit` apart."""
    times = []
    for _, end in rows:
        recent = [row for (_, other), row in rows.items() if end - span < other <= end]
        if max(row["max"] for row in recent) - min(row["min"] for row in recent) > limit:
            times.append(end)
    return times
