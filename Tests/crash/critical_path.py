"""The disk stalls for two seconds at each commit; what is critical does not wait for it."""

import select
import socket
import time

import cbor2

from peers.checks import print_histogram
from peers.coap import ACK, CHANGED, CON, CREATED, POST, Message, message
from peers.gateway import Gateway, Workspace

EVENTS = 200
AT_ONCE = 20
STALL_MS = 2000

CONFIG = """
gateway:
  name: critical
  uplinks: []
devices:
  groups:
    thermometers:
      range: "t-{001..020}"
      model: thermometer
      # So that each is the nearest to itself.
      positions: {from: [0, 0], to: [19, 0]}
models:
  thermometer:
    properties:
      temperature: {type: float, unit: celsius}
    telemetry: [temperature]
    commands: [cool]
workflow: critical
streams:
  temperatures:
    sources:
      - group: thermometers
        topic: telemetry/+/temperature
        mapping: {device_id: "topic[1]", temperature: payload.value}
    patterns:
      - {name: too_hot, condition: temperature > 90, actions: [cool_down], priority: critical}
commands:
  cool_down:
    target: {group: thermometers, selection: nearest, parameters: {to_device: context.device_id}}
    priority: critical
    steps: [{command: cool}]
    error_handling: {strategy: retry, max_attempts: 3}
"""


class Thermometer:
    """Sends hot readings, obeys commands, and notes when each datagram came."""

    def __init__(self, name, gateway):
        self.name = name
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", gateway.port))
        self.mid = 0
        self.commands = set()
        self.sent = self.commanded = self.acknowledged = None
        self.latencies, self.causal = [], []

    def request(self, path, payload=b"", query=()):
        self.mid += 1
        self.commanded = self.acknowledged = None
        self.sent = time.monotonic()
        self.socket.send(message(POST, path, payload, mid=self.mid, query=query,
                                 token=self.mid.to_bytes(2, "big")))

    def receive(self):
        answer = Message(self.socket.recv(2048))
        if answer.kind == ACK and answer.mid == self.mid:
            assert answer.code in (CHANGED, CREATED), answer.status
            self.acknowledged = time.monotonic()
        elif answer.kind == CON and answer.path == "command/cool":
            arrived = time.monotonic()
            self.socket.send(message(CHANGED, kind=ACK, mid=answer.mid, token=answer.token))
            identity = cbor2.loads(answer.payload)["id"]
            if identity not in self.commands:
                self.commands.add(identity)
                self.commanded = arrived


def stalled_disk(checks, seed):
    with Workspace() as place, Gateway(
            place, CONFIG,
            environment={"IOTFLOW_TEST_COMMIT_DELAY_MS": str(STALL_MS)}) as gateway:
        devices = [Thermometer(f"t-{number:03}", gateway) for number in range(1, AT_ONCE + 1)]
        for device in devices:
            device.request("rd", query=[f"ep={device.name}", "lt=3600"])
        wait(devices, lambda device: device.acknowledged)
        for number in range(EVENTS // AT_ONCE):
            for device in devices:
                device.request(f"telemetry/{device.name}/temperature", b"95.5")
                wait([device], lambda device: device.commanded)
            wait(devices, lambda device: device.acknowledged)
            for device in devices:
                device.latencies.append((device.commanded - device.sent) * 1000)
                device.causal.append(device.commanded < device.acknowledged)
        causal = [each for device in devices for each in device.causal]
        checks.equal("each hot reading brought one command",
                     sum(len(device.commands) for device in devices), EVENTS)
        checks.equal(f"with commits stalled by {STALL_MS} ms each command comes before its "
                     "reading is acknowledged", (len(causal), all(causal)), (EVENTS, True))
        print_histogram("from sending a hot reading to the command's arrival at the device",
                        [each for device in devices for each in device.latencies])
        status = gateway.status()
        for name, figures in status["latency"].items():
            print(f"  iotflow status, {name}: {figures}")
        checks.check("the gateway measured its decisions",
                     status["latency"]["decision"]["count"] >= EVENTS)
        checks.check("the commits really were stalled",
                     status["store"]["max_commit_us"] >= STALL_MS * 1000)


def wait(devices, is_done, seconds=30):
    """Lets devices receive until it is done for each of them."""
    by_fd = {device.socket.fileno(): device for device in devices}
    deadline = time.monotonic() + seconds
    while not all(is_done(device) for device in devices):
        left = deadline - time.monotonic()
        readable = select.select(list(by_fd), [], [], max(0, left))[0]
        if not readable:
            raise TimeoutError(f"no datagram for {seconds} s")
        for fd in readable:
            by_fd[fd].receive()
