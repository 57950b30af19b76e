#!/usr/bin/env python3
"""Holds what the tests reached (llvm-cov's export) against the floors, and names what they did not.

    gate.py EXPORT FLOORS
"""
import fnmatch
import json
import os
import sys


# Of the places of one file, how many are named.
LISTED = 20


def summary(files, kind):
    """Covered and all lines, or regions, of some files; counted as llvm-cov counts them."""
    counts = [file["summary"][kind] for file in files]
    return sum(count["covered"] for count in counts), sum(count["count"] for count in counts)


def unreached(file):
    """Places where code begins that never ran, as `line:column`."""
    return [f"{line}:{column}" for line, column, count, has_count, is_entry, is_gap
            in file["segments"] if has_count and is_entry and not is_gap and count == 0]


def main():
    with open(sys.argv[1], encoding="utf-8") as export:
        data = json.load(export)["data"][0]["files"]
    files = {os.path.relpath(file["filename"]): file for file in data}
    failed = False
    with open(sys.argv[2], encoding="utf-8") as floors:
        lines = [line.split() for line in floors if line.strip() and not line.startswith("#")]
    for pattern, *demands in lines:
        chosen = {name: file for name, file in files.items() if fnmatch.fnmatch(name, pattern)}
        if not chosen:
            sys.exit(f"coverage: no sources are called {pattern}")
        missed = False
        for kind, floor in zip(demands[::2], map(float, demands[1::2])):
            covered, count = summary(chosen.values(), kind)
            percent = 100 * covered / count
            is_enough = percent >= floor
            missed |= not is_enough
            print(f"{pattern:28} {covered:6} of {count:6} {kind:8} {percent:7.2f} %"
                  f"  floor {floor:g} %  {'ok' if is_enough else 'TOO LITTLE'}")
        if not missed:
            continue
        failed = True
        for name, file in sorted(chosen.items()):
            places = unreached(file)
            if places:
                counts = ", ".join(
                    "{} of {} {}".format(*summary([file], kind), kind)
                    for kind in ("lines", "regions"))
                others = f" and {len(places) - LISTED} more" if len(places) > LISTED else ""
                print(f"  {name}: {counts}; not reached: {' '.join(places[:LISTED])}{others}")
    sys.exit(1 if failed else 0)


main()
