"""What an emulated device answers on the wire, seen from a gateway made of one socket."""

import select
import socket
import time

import cbor2

from peers.checks import wait_for
from peers.coap import ACK, CBOR, CHANGED, CON, CREATED, DELETE, GET, POST, PUT, Message, message
from peers.firmware import Fleet
from peers.gateway import Workspace

CONFIG = """
devices:
  groups:
    stations: {members: [station-1], model: station}
models:
  station:
    properties:
      speed: {type: float, range: [0, 3000]}
      mode: {type: enum, values: ["off", run]}
    commands: [set_speed, set_mode]
workflow: wire
scenarios:
  still: {duration: 10m}
  slow:
    duration: 10m
    faults: [{kind: slow, group: stations, commands: [set_mode], delay: 3s}]
"""


class Desk:
    """Takes what the device sends, and asks it."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.device = None
        self.mid = 7
        # (path, payload) of everything the device sent, once each.
        self.taken = []
        self.seen = set()

    def serve(self, seconds, mid=None):
        """Answers the device until the answer to our `mid` comes; that, or None."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return None
            data, self.device = self.socket.recvfrom(65_536)
            found = Message(data)
            if found.kind == ACK:
                if found.mid == mid:
                    return found
                continue
            code = CREATED if found.path == "rd" else CHANGED
            self.socket.sendto(
                message(code, kind=ACK, mid=found.mid, token=found.token), self.device)
            if found.mid not in self.seen:
                self.seen.add(found.mid)
                self.taken.append((found.path, found.payload))
        return None

    def ask(self, code, path, body=None):
        """(code, what is in the payload) of the answer."""
        self.mid += 1
        payload = b"" if body is None else cbor2.dumps(body)
        data = message(code, path, payload, mid=self.mid, token=self.mid.to_bytes(2, "big"),
                       format=CBOR if payload else None)
        for _ in range(5):
            self.socket.sendto(data, self.device)
            answer = self.serve(2, self.mid)
            if answer is not None:
                has_map = answer.code >> 5 == 2 and answer.payload
                return answer.status, cbor2.loads(answer.payload) if has_map else None
        raise TimeoutError(f"the device does not answer {path}")

    def notices(self, command):
        return [cbor2.loads(payload) for path, payload in self.taken
                if path == f"command/station-1/{command}"]


def identity(number):
    return f"{number:032x}"


def requests(checks, seed):
    with Workspace() as place:
        (place / "wire.yaml").write_text(CONFIG)
        desk = Desk()
        with Fleet(place, desk.port, place / "wire.yaml", "--scenario", "slow",
                   seed=seed) as fleet:
            wait_for("the registration", lambda: desk.serve(0.2) or desk.device)
            order = {"id": identity(1), "fence": 5, "speed": 1200}
            checks.equal("a command is obeyed", desk.ask(POST, "command/set_speed", order),
                         ("2.04", None))
            checks.equal("its repeat is answered alike",
                         desk.ask(POST, "command/set_speed", order), ("2.04", None))
            checks.equal("a lower fence is refused",
                         desk.ask(POST, "command/set_speed",
                                  {"id": identity(2), "fence": 4, "speed": 9})[0], "4.09")
            checks.equal("a probe tells what became of it",
                         desk.ask(GET, f"command/{identity(1)}"),
                         ("2.05", {"state": "succeeded"}))
            checks.equal("what never came is unknown",
                         desk.ask(GET, f"command/{identity(99)}")[0], "4.04")
            checks.equal("a preparation runs nothing",
                         desk.ask(POST, "command/set_speed",
                                  {"id": identity(3), "phase": "prepare", "speed": 5}),
                         ("2.04", None))
            checks.equal("and is released",
                         desk.ask(POST, "command/set_speed",
                                  {"id": identity(3), "phase": "release"}), ("2.04", None))
            checks.equal("a preparation for what it cannot do is refused",
                         desk.ask(POST, "command/set_speed",
                                  {"id": identity(4), "phase": "prepare", "speed": 9999})[0],
                         "4.00")
            checks.equal("a property is set",
                         desk.ask(PUT, "speed", {"id": identity(5), "fence": 5, "value": 700}),
                         ("2.04", None))
            slow(checks, desk)
            books = fleet.stop()
        tell(checks, books)


def slow(checks, desk):
    checks.equal("what takes time is taken up",
                 desk.ask(POST, "command/set_mode", {"id": identity(6), "mode": "run"}),
                 ("2.04", {"state": "accepted"}))
    checks.equal("a device that is busy says so",
                 desk.ask(POST, "command/set_speed", {"id": identity(7), "speed": 5})[0], "5.03")
    status, body = desk.ask(GET, f"command/{identity(6)}")
    checks.equal("a probe finds it running", (status, body["state"]), ("2.05", "executing"))
    wait_for("the result", lambda: desk.serve(0.1) or any(
        notice["state"] == "succeeded" for notice in desk.notices(identity(6))))
    checks.equal("it tells how far it is and that it is done",
                 [(notice["state"], notice.get("percent")) for notice in
                  desk.notices(identity(6))],
                 [("executing", 25), ("executing", 50), ("executing", 75), ("succeeded", None)])
    desk.ask(POST, "command/set_mode", {"id": identity(8), "mode": "off"})
    checks.equal("one that runs is cancelled",
                 desk.ask(DELETE, f"command/{identity(8)}"), ("2.02", {"state": "cancelled"}))
    checks.equal("one that has not come is unknown",
                 desk.ask(DELETE, f"command/{identity(9)}")[0], "4.04")
    checks.equal("and barred when it comes",
                 desk.ask(POST, "command/set_speed", {"id": identity(9), "speed": 5})[0], "4.09")


def tell(checks, books):
    runs = {int(run["id"], 16): run for run in books.runs["station-1"]}
    checks.equal("the report says what ran how often",
                 [(runs[number]["executed"], runs[number]["repeated"], runs[number]["state"])
                  for number in (1, 5, 6, 8)],
                 [(1, 1, "succeeded"), (1, 0, "succeeded"), (1, 0, "succeeded"),
                  (1, 0, "cancelled")])
    checks.equal("and what was asked besides", books.report["asked"],
                 {"cancel": 2, "prepare": 2, "probe": 3, "release": 1})
    checks.equal("what it holds", (books.state("station-1", "speed"),
                                   books.state("station-1", "mode")), (700, "run"))
