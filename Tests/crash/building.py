"""The building whose gateway is killed: thermometers, a match for each hot reading, two uplinks."""

import json
from datetime import datetime, timezone
from math import fsum

DEVICES = [f"t-{number:03}" for number in range(1, 21)]
# Long past, so that no event time lies ahead of the clock.
START = int(datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp())


def config(broker, place):
    return f"""
gateway:
  name: crash
  event_time: device
  uplinks:
    - {{type: mqtt, host: 127.0.0.1, port: {broker.port}, batch: {{records: 50, linger: 10ms}}}}
    - {{type: file, path: {place}/upstream.ndjson, max_size: 1GiB}}
devices:
  groups:
    thermometers:
      range: "t-{{001..020}}"
      model: thermometer
      positions: {{from: [0, 0], to: [19, 0]}}
models:
  thermometer:
    properties:
      temperature: {{type: float, unit: celsius}}
    telemetry: [temperature]
    commands: [cool]
workflow: crash
streams:
  temperatures:
    sources:
      - group: thermometers
        topic: telemetry/+/temperature
        mapping: {{device_id: "topic[1]", temperature: payload.value}}
        lateness: 5m
        idle_timeout: 1h
    window: {{type: tumbling, size: 1m}}
    processing:
      - type: aggregate
        by: [device_id]
        functions:
          - {{name: readings, function: count}}
          - {{name: total, function: sum, field: temperature}}
          - {{name: lowest, function: min, field: temperature}}
          - {{name: highest, function: max, field: temperature}}
  hot:
    sources:
      - group: thermometers
        topic: telemetry/+/temperature
        mapping: {{device_id: "topic[1]", temperature: payload.value}}
        lateness: 5m
        idle_timeout: 1h
    patterns:
      - {{name: hot, condition: temperature > 90, actions: [cool_down]}}
commands:
  cool_down:
    target:
      group: thermometers
      selection: nearest
      parameters: {{to_device: context.device_id}}
    steps: [{{command: cool}}]
    error_handling: {{strategy: stop}}
"""


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def upstream_file(place):
    """The records of the file uplink, the lines that are no JSON among them as failures."""
    records, torn = [], []
    for line in (place / "upstream.ndjson").read_text().splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            torn.append(line)
    return records, torn


def check_books(checks, sink, ledger, fleet):
    """Holds what a sink received against what devices had acknowledged."""
    checks.check(f"{sink}: each record has one content", not ledger.contradictions,
                 f"{len(ledger.contradictions)}, such as {ledger.contradictions[:1]}")
    checks.check(f"{sink}: no record is missing", not ledger.missing, f"{ledger.missing[:10]}")
    checks.check(f"{sink}: the order within each lane is kept", not ledger.disorder,
                 f"{ledger.disorder[:10]}")

    expected = {key: (len(values), fsum(values), min(values), max(values))
                for key, values in fleet.windows().items()}
    found, twice = {}, []
    for record in ledger.of("aggregate"):
        key = record["key"]["device_id"], int(seconds(record["start"]))
        fields = record["fields"]
        if key in found:
            twice.append(key)
        found[key] = (fields["readings"], fields["total"], fields["lowest"], fields["highest"])
    checks.check(f"{sink}: each window is published once", not twice, f"{twice[:5]}")
    wrong = {key: (found.get(key), expected.get(key))
             for key in expected.keys() | found.keys() if found.get(key) != expected.get(key)}
    checks.check(f"{sink}: all {len(expected)} windows hold what was acknowledged", not wrong,
                 f"{len(wrong)} wrong (found, expected): {list(wrong.items())[:4]}")
    readings = sum(window[0] for window in found.values())
    checks.equal(f"{sink}: as many readings as were acknowledged",
                 readings, sum(window[0] for window in expected.values()))

    hot = sorted((device.name, when) for device in fleet.devices
                 for when, value in device.taken if value > 90)
    matches = sorted((record["key"]["device_id"], int(seconds(record["time"])))
                     for record in ledger.of("match"))
    checks.equal(f"{sink}: one match for each of {len(hot)} hot readings", matches, hot)
