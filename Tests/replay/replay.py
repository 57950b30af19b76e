"""Real readings through firmware-sim, the gateway and its file uplink, against the reference."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from peers.checks import Checks, wait_for
from peers.coap import POST, SENML_JSON, Peer
from peers.gateway import IOTFLOW, ROOT, Gateway, Workspace
from replay import reference
from replay.reference import DAY, HOUR

FIRMWARE_SIM = os.environ.get("FIRMWARE_SIM") or str(ROOT / ".build/debug/firmware-sim")
EXAMPLE = str(ROOT / "etc/examples/hvac_optimization.yaml")

AGGREGATES = ("count", "sum", "avg", "min", "max")

CONFIG = """
gateway:
  event_time: device
  uplinks:
    - {{type: file, path: {uplink}}}
devices:
  list:
    north: {{model: station}}
    south: {{model: station}}
    sentinel: {{model: station}}
models:
  station:
    properties:
      temperature: {{type: float, unit: celsius}}
      humidity: {{type: float, unit: percent}}
      light: {{type: float, unit: lux}}
      co2: {{type: float, unit: ppm}}
    telemetry: [temperature]
workflow: replay
streams:
  hours:
    sources: &temperatures
      - topic: telemetry/+/temperature
        mapping: {{device_id: "topic[1]", temperature: payload.value}}
        lateness: {lateness}
        idle_timeout: 10s
    window: {{type: tumbling, size: 1h}}
    processing:
      - type: aggregate
        by: [device_id]
        functions: &functions
          - {{name: count, function: count, field: temperature}}
          - {{name: sum, function: sum, field: temperature}}
          - {{name: avg, function: avg, field: temperature}}
          - {{name: min, function: min, field: temperature}}
          - {{name: max, function: max, field: temperature}}
    patterns:
      - {{name: warm, condition: avg > {warm} for 3 consecutive windows, actions: [log_warm]}}
      - {{name: swing, condition: max - min > {swing} within 1d, actions: [log_swing]}}
  air:
    sources:
      - topic: telemetry/+/co2
        mapping: {{device_id: "topic[1]", co2: payload.value}}
        lateness: {lateness}
        idle_timeout: 10s
    patterns:
      - {{name: stuffy, condition: co2 > 1000, actions: [log_stuffy]}}
aggregations:
  climate:
    sources: *temperatures
    dimensions: [device_id]
    metrics: *functions
    windows:
      - {{name: hourly, duration: 1h}}
      - {{name: daily, duration: 1d}}
"""

# Two devices send the same file side by side, neither more than a day ahead of the other: what is lost
# or held back of one arrives after what the other sent later.
DEVICES = ("north", "south")

SETS = {
    "occupancy": {
        "file": "occupancy.csv", "time": "time", "warm": 21, "swing": 1.5, "pack": 4,
        "columns": {
            "V1": ("temperature", "Cel", float), "V2": ("humidity", "%RH", float),
            "V3": ("light", "lx", float), "V4": ("co2", "ppm", float)}},
    "seattle": {
        "file": "seattle-temps.csv", "time": "date", "warm": 12, "swing": 6, "pack": 12,
        "columns": {"temp": ("temperature", "degF", reference.celsius)}},
}


def data_directory():
    for place in (os.environ.get("IOTFLOW_DATA"), ROOT.parent / "shared/data"):
        if place and Path(place).is_dir():
            return Path(place)
    return ROOT / "Tests/replay/data"


def replay(checks, name, data, seed):
    one = SETS[name]
    path = data / one["file"]
    readings = reference.read(
        path, one["time"],
        {column: (prop, convert) for column, (prop, _, convert) in one["columns"].items()})
    sent = len(DEVICES) * sum(map(len, readings.values()))
    with Workspace() as place:
        uplink = place / "upstream.ndjson"
        config = CONFIG.format(
            uplink=uplink, lateness="2d", warm=one["warm"], swing=one["swing"])
        with Gateway(place, config) as gateway:
            report = run_fleet(gateway, one, path, place, seed)
            checks.equal(f"{name}: every reading is acknowledged",
                         report["readings_acknowledged"], sent)
            send_sentinel(gateway, readings)
            expected = expectation(one, readings)
            wait_for("the last windows to close", lambda: is_complete(gateway, expected), 60, 0.2)
            status = gateway.status()
            gateway.stop()
        checks.equal(f"{name}: each reading is counted once",
                     status["report"]["events_processed"], sent + 2)
        checks.equal(f"{name}: none is late",
                     sum(stream["late"] for stream in status["streams"].values()), 0)
        records = published(uplink)
        ids = [record["id"] for record in records]
        checks.equal(f"{name}: each record has an id of its own", len(set(ids)), len(ids))
        for device in DEVICES:
            own = [record for record in records if record["key"].get("device_id") == device]
            compare(checks, f"{name}, {device}", own, expected)


def run_fleet(gateway, one, path, place, seed):
    report = place / "fleet.json"
    columns = ",".join(
        f"{column}={device}/{prop}:{unit}"
        for device in DEVICES for column, (prop, unit, _) in one["columns"].items())
    subprocess.run(
        [FIRMWARE_SIM, "--target", f"coap://127.0.0.1:{gateway.port}",
         "--config", str(gateway.config), "--csv", str(path), "--map", columns,
         "--time-column", one["time"], "--speedup", "max", "--lead", "1d", "--seed", str(seed),
         "--pack", str(one["pack"]),
         "--loss", "2", "--duplicate", "10", "--reorder", "10", "--hold", "50ms",
         "--linger", "100ms", "--report", str(report)],
        check=True, timeout=300, stderr=subprocess.DEVNULL)
    return json.loads(report.read_text())


def send_sentinel(gateway, readings):
    """A reading of another device, days later, lets every window before it close."""
    last = max(time for rows in readings.values() for time, _ in rows)
    later = (last // DAY + 3) * DAY // 1000
    peer = Peer(gateway.port)
    for name in ("temperature", "co2"):
        answer = peer.ask(POST, "telemetry/sentinel/" + name,
                          json.dumps([{"v": 1, "t": later}]).encode(), format=SENML_JSON)
        assert answer.status == "2.04", answer.payload


def expectation(one, readings):
    hours = reference.windows(readings["temperature"], HOUR)
    days = reference.windows(readings["temperature"], DAY)
    matches = {
        "warm": reference.consecutive(hours, 3, lambda row: row["avg"] > one["warm"]),
        "swing": reference.spread(hours, DAY, one["swing"]),
        "stuffy": [time for time, value in readings.get("co2", []) if value > 1000]}
    return {"hours": hours, "climate/hourly": hours, "climate/daily": days, "matches": matches}


def is_complete(gateway, expected):
    """All windows of the expectation are closed and everything is in the file."""
    status = gateway.status()
    windows = sum(stream["windows_closed"] for stream in status["streams"].values())
    wanted = len(DEVICES) * sum(
        len(rows) for key, rows in expected.items() if key != "matches")
    waiting = sum(lane["records"] for lane in status["store"]["outbox"].values())
    return windows >= wanted and waiting == 0


def published(uplink):
    return [json.loads(line) for line in uplink.read_text().splitlines()]


def instant(text):
    return reference.milliseconds(text[:19].replace("T", " ")) + int(text[20:23])


def compare(checks, name, own, expected):
    for key in ("hours", "climate/hourly", "climate/daily"):
        rows = [record for record in own
                if record["kind"] == "aggregate" and record["name"] == key]
        got = {(instant(row["start"]), instant(row["time"])): row["fields"] for row in rows}
        checks.equal(f"{name}: {key}: each window once", len(got), len(rows))
        wrong = [(window, got.get(window), fields) for window, fields in expected[key].items()
                 if got.get(window) != fields]
        checks.check(f"{name}: {key}: all {len(expected[key])} windows are the reference's",
                     not wrong and len(got) == len(expected[key]),
                     f"{len(got)} published; first difference {wrong[:1]}")
    for pattern, times in expected["matches"].items():
        got = [instant(record["time"]) for record in own
               if record["kind"] == "match" and record["name"] == pattern]
        checks.check(f"{name}: {pattern}: {len(times)} matches at the reference's times",
                     sorted(got) == sorted(times), f"{len(got)} matches")


def simulate(checks):
    """One seed, one result; and how long a simulated hour takes."""
    outputs = []
    for seed in (7, 7, 8):
        start = time.monotonic()
        outputs.append(subprocess.run(
            [IOTFLOW, "simulate", EXAMPLE, "--scenario", "summer_afternoon", "--json",
             "--seed", str(seed)], check=True, capture_output=True).stdout)
    print(f"       one simulated hour takes {time.monotonic() - start:.2f} s")
    checks.check("simulate: the same seed gives the same bytes", outputs[0] == outputs[1])
    checks.check("simulate: another seed gives others", outputs[0] != outputs[2])


def main():
    seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
    print(f"SEED={seed}")
    data = data_directory()
    print(f"readings from {data}")
    checks = Checks()
    for name in sys.argv[1:] or SETS:
        checks.section("replay", replay, checks, name, data, seed)
    checks.section("simulate", simulate, checks)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
