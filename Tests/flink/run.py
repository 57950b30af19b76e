#!/usr/bin/env python3
"""Runs each example in Flink and in iotflow on the same events, and compares the rows.

Times, counts and keys must be equal; numbers to 1e-9 of themselves. An example whose condition the
language does not have is listed as `not yet`. Exit status 1 unless all are the same.
"""
import argparse
import collections
import csv
import json
import math
import os
import re
import shutil
import subprocess
import sys
import time

import events as recorded
from examples import EXAMPLES

TAIL = 20 * 60_000


def flink(path):
    """A Flink that reads the events: `s` has the temperatures, `doors` the states."""
    from pyflink.table import EnvironmentSettings, TableEnvironment
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    for key, value in {
        "parallelism.default": "1", "pipeline.auto-watermark-interval": "0 ms",
        "table.local-time-zone": "UTC",
    }.items():
        environment.get_config().set(key, value)
    environment.execute_sql(f"""CREATE TABLE events (device STRING, zone STRING,
        temperature DOUBLE, state STRING, seq BIGINT, ts TIMESTAMP(3),
        WATERMARK FOR ts AS ts - INTERVAL '{recorded.LATENESS // 1000}.001' SECOND)
        WITH ('connector' = 'filesystem', 'path' = 'file://{path}', 'format' = 'csv',
        'csv.null-literal' = '')""")
    environment.execute_sql("""CREATE VIEW s AS SELECT device, zone, temperature, seq, ts
        FROM events WHERE temperature IS NOT NULL""")
    environment.execute_sql("""CREATE VIEW doors AS SELECT device, state, seq, ts
        FROM events WHERE state <> ''""")
    return environment


def flink_rows(environment, number, sql, directory):
    """Lets Flink write the rows to files, which it does far faster than it hands them over."""
    target = os.path.join(directory, f"flink-{number}")
    environment.execute_sql(
        f"CREATE TABLE out{number} WITH ('connector' = 'filesystem', 'path' = 'file://{target}', "
        f"'format' = 'csv') AS {sql}").wait()
    rows = []
    for name in sorted(os.listdir(target)):
        with open(os.path.join(target, name), newline="", encoding="utf-8") as file:
            rows += [tuple(plain(value) for value in row) for row in csv.reader(file)]
    return rows


def plain(text):
    """A value of Flink's as ours: times in milliseconds."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:.*", text):
        time = recorded.datetime.datetime.fromisoformat(text)
        return round(time.replace(tzinfo=recorded.datetime.timezone.utc).timestamp() * 1000)
    return float(text) if re.fullmatch(r"-?[\d.]+(E-?\d+)?", text) else text


def workflow(example):
    """The example as a configuration."""
    groups = []
    for zone in sorted({zone for _, zone in recorded.DEVICES}):
        names = [device for device, other in recorded.DEVICES if other == zone]
        first, last = names[0].split("-")[1], names[-1].split("-")[1]
        groups.append(f'    {zone.replace("-", "_")}: {{range: "sensor-{{{first}..{last}}}", '
                      f'model: sensor, tags: {{zone: {zone}}}}}')
    processing = ""
    if example.measures:
        functions = "".join(
            f"\n          - {{name: {name}, function: {function}, field: {example.property}}}"
            for name, function in example.measures)
        processing = ("\n    processing:\n      - type: aggregate\n        by: [device_id]"
                      f"\n        functions:{functions}")
    window = f"\n    window: {example.window}" if example.window else ""
    return f"""devices:
  groups:
{chr(10).join(groups)}

models:
  sensor:
    properties:
      temperature: {{type: float, unit: celsius}}
      state:       {{type: enum, values: [open, closed]}}
    telemetry: [temperature, state]

workflow: example_{example.number}

streams:
  example:
    sources:
      - topic: telemetry/+/{example.property}
        mapping: {{device_id: "topic[1]", {example.property}: payload.value}}
        lateness: {recorded.LATENESS // 1000}s
        idle_timeout: 1w{window}{processing}
    patterns:
      - name: example
        condition: {json.dumps(example.condition)}
        actions: [log_anomaly]
"""


def our_rows(program, example, directory, source):
    """Our rows, or the reason why there are none."""
    config = os.path.join(directory, f"example-{example.number}.yaml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(workflow(example))
    check = subprocess.run([program, "check", config], capture_output=True, text=True)
    if check.returncode != 0:
        return (check.stderr + check.stdout).strip().split("\n")[0]
    target = os.path.join(directory, f"iotflow-{example.number}.ndjson")
    run = subprocess.run([program, "run-stream", config, "--input", source, "--output", target],
                         capture_output=True, text=True)
    if run.returncode != 0:
        return (run.stderr + run.stdout).strip().split("\n")[0]
    with open(target, encoding="utf-8") as file:
        outputs = [normal(json.loads(line)) for line in file if line.strip()]
    return [example.row(output) for output in outputs if output["kind"] == "match"]


def normal(line):
    """One line of the output in the terms of examples.py."""
    def milliseconds(text):
        time = recorded.datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return round(time.timestamp() * 1000)
    key = list(line.get("key", {}).values())
    return {
        "kind": line["kind"], "key": key[0] if key else None,
        "time": milliseconds(line["time"]), "since": milliseconds(line.get("since", line["time"])),
        "values": line.get("values", {}),
    }


def differences(ours, theirs):
    """Rows that only one side has; numbers that are as good as equal are equal."""
    def keyed(rows):
        table = collections.defaultdict(list)
        for row in rows:
            table[tuple(v for v in row if not isinstance(v, float))].append(
                [v for v in row if isinstance(v, float)])
        return {key: sorted(values) for key, values in table.items()}
    ours, theirs = keyed(ours), keyed(theirs)
    result = []
    for key in sorted(ours.keys() | theirs.keys()):
        left, right = ours.get(key, []), theirs.get(key, [])
        same = len(left) == len(right) and all(
            math.isclose(a, b, rel_tol=1e-9) for x, y in zip(left, right) for a, b in zip(x, y))
        if not same:
            result.append((key, left, right))
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", default="", help="numbers of examples, with commas")
    parser.add_argument("--keep", action="store_true", help="use the rows Flink gave last time")
    arguments = parser.parse_args()
    directory = os.path.abspath(arguments.directory)
    if not arguments.keep:
        shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory, exist_ok=True)
    seed_file = os.path.join(directory, "seed")
    if arguments.keep and os.path.exists(seed_file):
        with open(seed_file, encoding="utf-8") as file:
            arguments.events, arguments.seed = json.load(file)
    with open(seed_file, "w", encoding="utf-8") as file:
        json.dump([arguments.events, arguments.seed], file)
    events = recorded.generate(arguments.events, arguments.seed)
    print(f"{len(events)} events, seed {arguments.seed}", flush=True)
    source = os.path.join(directory, "events.csv")
    recorded.write_for_iotflow(events, source)
    recorded.write_for_flink(events, os.path.join(directory, "flink.csv"))
    # What would come after the last event depends on what an engine does at the end of its input.
    end = max(event[0] for event in events) - TAIL

    environment = None
    failed = False
    chosen = {int(number) for number in arguments.only.split(",") if number}
    for example in EXAMPLES:
        if chosen and example.number not in chosen:
            continue
        path = os.path.join(directory, f"flink-{example.number}.json")
        began = time.monotonic()
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                theirs = [tuple(row) for row in json.load(file)]
        else:
            environment = environment or flink(os.path.join(directory, "flink.csv"))
            theirs = flink_rows(environment, example.number, example.sql, directory)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(theirs, file)
        seconds = time.monotonic() - began
        ours = our_rows(os.environ["IOTFLOW"], example, directory, source)
        title = f"{example.number:3}  {example.condition[:60]:60} {len(theirs):7} rows " \
                f"({seconds:4.1f} s)"
        if isinstance(ours, str):
            print(f"{title}  not yet: {ours}", flush=True)
            failed = True
            continue
        found = differences([row for row in ours if max_time(row) < end],
                            [row for row in theirs if max_time(row) < end])
        print(f"{title}  {'the same' if not found else f'{len(found)} DIFFER'}", flush=True)
        for key, left, right in found[:5]:
            print(f"       {key}: ours {left}, Flink's {right}")
        failed = failed or bool(found) or not theirs
    sys.exit(1 if failed else 0)


def max_time(row):
    return max(value for value in row if isinstance(value, int))


main()
