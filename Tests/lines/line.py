"""A line of eight stations on a bad network: they start together, or what was done is taken back."""

import json
import random
import time

from peers.checks import wait_for
from peers.coap import POST, Peer
from peers.firmware import BAD_NETWORK, Fleet
from peers.gateway import ROOT, Gateway, Workspace

STATIONS = [f"station-{number}" for number in range(1, 9)]
CLAMP = ("clamp", {"closed": True})
SPIN = ("start_spindle", {"speed": 1200})
# What takes each of them back.
INVERSE = {"clamp": ("clamp", {"closed": False}), "start_spindle": ("start_spindle", {"speed": 0})}
FINAL = ("succeeded", "failed", "cancelled", "expired", "rejected", "superseded", "skipped",
         "indeterminate", "compensated", "compensationFailed")


class Line:
    """The gateway, its stations, and the records it sent upstream."""

    def __init__(self, place, scenario, seed):
        self.upstream = place / "upstream.ndjson"
        config = (ROOT / "etc/examples/production_line.yaml").read_text() + f"""
gateway:
  name: line
  commands: {{reconcile: 10s}}
  uplinks:
    - {{type: file, path: {self.upstream}, max_size: 1GiB}}
"""
        self.gateway = Gateway(place / "gateway", config).start()
        self.fleet = Fleet(place, self.gateway.port, self.gateway.config, "--scenario", scenario,
                           *BAD_NETWORK, seed=seed)
        self.panel = Peer(self.gateway.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.fleet.__exit__()
        self.gateway.kill()

    def wait_for_stations(self):
        def are_there():
            twins = {twin["device"]: twin for twin in self.gateway.ask("twin", "list")}
            return all("clamped" in twins[station]["reported"] for station in STATIONS)
        wait_for("all stations report", are_there, 60, 0.2)

    def request(self, what):
        answer = self.panel.ask(POST, "telemetry/panel-1/request", what.encode(), seconds=30)
        assert answer is not None and answer.status == "2.04", answer and answer.status

    def records(self, name=None):
        if not self.upstream.exists():
            return []
        lines = self.upstream.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [record for record in found if name is None or record["name"] == name]

    def outcome(self, seconds=180):
        """What became of the run."""
        run = wait_for("the run ends", lambda: self.records("start_line/run"), seconds, 0.2)[-1]
        return run["fields"]["state"]

    def commands(self):
        """(device, command) to the states its commands ended in."""
        states = {}
        for record in self.records():
            if record["kind"] == "command" and "command_id" in record["fields"]:
                states[record["fields"]["command_id"]] = (
                    record["key"]["device_id"], record["name"], record["fields"]["state"])
        return states


def all_go(checks, seed):
    with Workspace() as place, Line(place, "calm", seed) as line:
        line.wait_for_stations()
        line.request("start")
        checks.equal("the run succeeds", line.outcome(), "succeeded")
        books = line.fleet.stop()
        checks.equal("each station clamped, then spun", {
            station: books.executed(station) for station in STATIONS
        }, {station: [CLAMP, SPIN] for station in STATIONS})
        checks.equal("none ran a command twice", books.doubled, [])
        print(f"       {books.repeats} repeats were dropped by devices")
        states = line.commands()
        checks.equal("each command succeeded", sorted(states.values()), sorted(
            (station, command, "succeeded") for station in STATIONS
            for command in ("clamp", "start_spindle")))


def three_do_not(checks, seed):
    with Workspace() as place, Line(place, "trouble", seed) as line:
        line.wait_for_stations()
        line.request("start")
        checks.equal("what was done is taken back as far as it can be", line.outcome(),
                     "compensationFailed")
        books = line.fleet.stop()
        check_reverse(checks, books, [station for station in STATIONS if station != "station-7"])
        checks.check("station 3 never spun", SPIN not in books.executed("station-3"))
        checks.equal("no station is left clamped", [
            books.state(station, "clamped") for station in STATIONS if station != "station-7"
        ], [False] * 7)
        checks.equal("none ran a command twice", books.doubled, [])
        check_terminal(checks, line)
        alarms = {record["key"]["device_id"] for record in line.records("start_line/alarm")}
        checks.equal("people are told of station 7", alarms, {"station-7"})


def check_reverse(checks, books, stations):
    """What each station did is followed by what takes it back, the last first."""
    wrong = {}
    for station in stations:
        done = books.executed(station)
        forward = [each for each in done if each in (CLAMP, SPIN)]
        expected = forward + [INVERSE[name] for name, _ in reversed(forward)]
        if done != expected:
            wrong[station] = done
    checks.check("compensation runs in reverse", not wrong, f"{wrong}")


def check_terminal(checks, line):
    states = line.commands()
    checks.check(f"all {len(states)} commands end", states and all(
        state in FINAL for _, _, state in states.values()), f"{states}")


def gateway_killed(checks, seed):
    """kill -9 again and again while the line starts."""
    chance = random.Random(seed)
    with Workspace() as place, Line(place, "calm", seed) as line:
        line.wait_for_stations()
        line.request("start")
        for _ in range(3):
            time.sleep(chance.uniform(0.1, 1.5))
            line.gateway.kill()
            line.gateway.start()
        outcome = line.outcome(150)
        print(f"       the run {outcome}")
        books = line.fleet.stop()
        checks.check("the run ends", outcome in ("succeeded", "compensated", "failed"), outcome)
        checks.equal("none ran a command twice", books.doubled, [])
        check_terminal(checks, line)
        if outcome == "succeeded":
            checks.equal("no command is lost", {
                station: books.executed(station) for station in STATIONS
            }, {station: [CLAMP, SPIN] for station in STATIONS})
        else:
            check_reverse(checks, books, STATIONS)
