"""The configuration that foreign clients meet, and what a payload of each format looks like."""

import json

import cbor2

from peers.coap import CBOR, JSON, SENML_CBOR, SENML_JSON, TEXT


def config(*, unknown=False, uplinks="[]", limits="{}"):
    return f"""
gateway:
  name: conformance
  event_time: auto
  accept_unknown_devices: {str(unknown).lower()}
  uplinks: {uplinks}
  limits: {limits}
devices:
  groups:
    rooms: {{range: "room-{{01..40}}", model: room}}
    fans: {{members: [fan-1], model: fan}}
models:
  room:
    properties:
      temperature: {{type: float, unit: celsius, range: [-50, 150]}}
      humidity: {{type: float, unit: percent}}
      count: {{type: integer}}
      lit: {{type: boolean}}
      setpoint: {{type: float, unit: celsius, range: [5, 30], writable: true}}
    telemetry: [temperature, humidity, count, lit]
  fan:
    properties:
      speed: {{type: enum, values: [low, high]}}
    commands: [set_speed]
workflow: conformance
streams:
  heat:
    sources:
      - group: rooms
        topic: telemetry/+/temperature
        mapping: {{device_id: "topic[1]", temperature: payload.value}}
    patterns:
      - {{name: too_hot, condition: temperature > 90, actions: [cool], priority: critical}}
commands:
  cool:
    target: {{group: fans, selection: all}}
    priority: critical
    steps: [{{command: set_speed, parameters: {{speed: high}}}}]
    error_handling: {{strategy: retry, max_attempts: 3}}
"""


# To /telemetry/{device}/{property}: name, content format, payload of a value.
OF_ONE_PROPERTY = [
    ("text", TEXT, lambda value: str(value).encode()),
    ("JSON value", JSON, lambda value: json.dumps(value).encode()),
    ("JSON object", JSON, lambda value: json.dumps({"value": value}).encode()),
    ("CBOR value", CBOR, lambda value: cbor2.dumps(value)),
    ("CBOR object", CBOR, lambda value: cbor2.dumps({"value": value})),
    ("SenML JSON", SENML_JSON, lambda value: json.dumps([{"v": value, "u": "Cel"}]).encode()),
    ("SenML CBOR", SENML_CBOR, lambda value: cbor2.dumps([{2: value, 1: "Cel"}])),
]

# To /telemetry/{device}: temperature and humidity in one payload.
OF_SEVERAL = [
    ("JSON object", JSON,
     lambda t, h: json.dumps({"temperature": t, "humidity": h}).encode()),
    ("CBOR object", CBOR, lambda t, h: cbor2.dumps({"temperature": t, "humidity": h})),
    ("SenML JSON", SENML_JSON, lambda t, h: json.dumps(
        [{"bn": "room:", "n": "temperature", "u": "Cel", "v": t},
         {"n": "humidity", "u": "%RH", "v": h}]).encode()),
    ("SenML CBOR", SENML_CBOR, lambda t, h: cbor2.dumps(
        [{-2: "room:", 0: "temperature", 1: "Cel", 2: t}, {0: "humidity", 1: "%RH", 2: h}])),
]
