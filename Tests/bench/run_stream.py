#!/usr/bin/env python3
"""Measures `iotflow run-stream` from one file to another, CSV read and written.

    run_stream.py IOTFLOW BENCH_STREAMS [--events N]

Figures are of processor time, the best of three runs. There is no target: the time goes into the
text, and the table beside it tells what the streams alone take.
"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile

WORKFLOW = """
devices: {groups: {sensors: {range: "sensor-{0..99}", model: sensor}}}
models: {sensor: {properties: {temperature: {type: float, unit: celsius}}}}
workflow: bench
streams:
  s:
    sources:
      - group: sensors
        topic: telemetry/+/temperature
        mapping: {device_id: "topic[1]", temperature: payload.value}
        lateness: 1s
"""
AGGREGATE = """
    window: {type: tumbling, size: 1m}
    processing:
      - type: aggregate
        by: [device_id]
        functions:
          - {name: count_t, function: count}
          - {name: avg_t, function: avg, field: temperature}
          - {name: min_t, function: min, field: temperature}
          - {name: max_t, function: max, field: temperature}
"""


def pattern(condition):
    return f'    patterns: [{{name: p, condition: "{condition}"}}]\n'


ROWS = (
    ("filter", pattern("temperature > 39.9")),
    ("1-minute count, avg, min, max by device", AGGREGATE),
    ("two-step sequence within 1m", pattern("temperature > 39 then temperature < 38 within 1m")),
    ("5-minute sliding range per event", pattern("range(temperature) > 24.5 within 5m")),
)


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def seconds(command):
    before = processor_time()
    subprocess.check_call(command, stdout=subprocess.DEVNULL)
    return processor_time() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("iotflow")
    parser.add_argument("streams")
    parser.add_argument("--events", type=int, default=4_000_000)
    options = parser.parse_args()
    print(f"iotflow run-stream: {options.events} events of 100 devices, CSV to CSV, one core")
    print(f"{'':44}{'M events/s':>14}{'MB/s':>14}{'results':>14}")
    with tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory:
        events = os.path.join(directory, "events.csv")
        with open(events, "w", encoding="utf8") as file:
            subprocess.check_call([options.streams, "csv", str(options.events)], stdout=file)
        megabytes = os.path.getsize(events) / 1e6
        for name, text in ROWS:
            workflow = os.path.join(directory, "bench.yaml")
            with open(workflow, "w", encoding="utf8") as file:
                file.write(WORKFLOW + text)
            results = os.path.join(directory, "results.csv")
            command = [options.iotflow, "run-stream", workflow, "-i", events, "-o", results]
            best = min(seconds(command) for _ in range(3))
            with open(results, encoding="utf8") as file:
                count = sum(1 for _ in file) - 1
            print(f"  {name:42}{options.events / best / 1e6:14.2f}{megabytes / best:14.0f}"
                  f"{count:14}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
