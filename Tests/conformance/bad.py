"""What no client should send and no operator should do. Nothing of it may crash or corrupt."""

import ctypes
import json
import math
import random
import shutil
import struct
import time

import cbor2

from conformance import building
from peers.coap import (ACK, CBOR, CHANGED, CON, GET, JSON, NON, POST, RST, SENML_CBOR,
                        SENML_JSON, TEXT, Peer, message, option)
from peers.gateway import IOTFLOW, IOTFLOWD, Gateway, Workspace, run

PLACE = "telemetry/room-01/temperature"


class Watch:
    """A gateway that holds a reading which nothing bad may change."""

    def __init__(self, checks, gateway):
        self.checks = checks
        self.gateway = gateway
        self.peer = Peer(gateway.port)
        answer = self.peer.ask(POST, "telemetry/room-40/temperature", b"21.5")
        assert answer.code == CHANGED, answer.status

    def refused(self, reason):
        return self.gateway.status()["intake"]["refused"].get(reason, 0)

    def is_unharmed(self, what):
        answer = self.peer.ask(GET, "twin/room-40")
        value = answer and json.loads(answer.payload)["reported"]["temperature"]["value"]
        self.checks.check(f"after {what} it answers and its data is intact",
                          self.gateway.is_running and value == 21.5, value)


def datagrams(checks, seed):
    """Malformed CoAP."""
    with Workspace() as place, Gateway(place, building.config()) as gateway:
        watch = Watch(checks, gateway)
        chance = random.Random(seed)
        good = message(POST, PLACE, b"20", token=b"ab", mid=77)
        head = struct.pack("!BBH", 0x40, POST, 99)
        kinds = {
            "random bytes": [chance.randbytes(chance.randrange(64)) for _ in range(500)],
            # From the third option byte on, a shorter message is another one and not a wrong one.
            "cut messages": [good[:length] for length in range(8)],
            "reserved token lengths": [bytes([0x40 | n]) + good[1:] for n in range(9, 16)],
            "other versions": [bytes([n << 6 | 2]) + good[1:] for n in (0, 2, 3)],
            "options past the end": [head + bytes([0xB0 | n]) + b"a" for n in (2, 12, 13, 14)],
            "reserved option nibbles": [head + bytes([n]) for n in (0xF0, 0x0F, 0xF1, 0x1F)],
            "option numbers past 65535": [head + option(65000, b"") + option(1000, b"")],
            "a payload marker without payload": [good[:good.index(b"\xff") + 1]],
            "an empty message with content": [bytes([0x40, 0, 0, 9, 0xFF, 1]),
                                              bytes([0x42, 0, 0, 9, 1, 2])],
            "unknown codes": [bytes([0x40, code, 1, code]) for code in range(8, 64)]
                             + [bytes([0x40, code, 2, code]) for code in range(0x20, 0xFF, 5)],
            "acknowledgements of nothing": [
                message(0, kind=ACK, mid=5), message(0, kind=RST, mid=6),
                message(0x45, payload=b"x", kind=ACK, mid=7)],
        }
        for name, samples in kinds.items():
            taken = gateway.status()["intake"]["messages"]
            peer = Peer(gateway.port)
            for sample in samples:
                peer.send(sample)
            watch.is_unharmed(name)
            checks.equal(f"{name}: nothing is taken as telemetry",
                         gateway.status()["intake"]["messages"], taken)
        repeats(checks, gateway, watch)
        sizes(checks, gateway, watch)


def repeats(checks, gateway, watch):
    """A message id twice is one message, confirmable or not."""
    peer = Peer(gateway.port)
    before = gateway.status()["report"]["events_processed"]
    data = message(POST, "telemetry/room-02/count", b"1", mid=4711, token=b"x")
    answers = [peer.exchange(data, 4711) for _ in range(5)]
    for _ in range(5):
        peer.send(message(POST, "telemetry/room-02/count", b"2", mid=4712, kind=NON))
    peer.ask(GET, "twin/room-02")
    status = gateway.status()
    checks.equal("a message id five times over is answered the same each time",
                 [answer.status for answer in answers], ["2.04"] * 5)
    checks.equal("and is counted once", status["report"]["events_processed"] - before, 2)
    checks.check("repeats have counters", status["coap"]["repeats_answered"] >= 4
                 and status["coap"]["repeats_swallowed"] >= 4, status["coap"])


def sizes(checks, gateway, watch):
    """Payloads up to what UDP can carry."""
    before = gateway.status()["coap"]["too_large"]
    found = {}
    for size in 1025, 1100, 1152, 1400, 4096, 16_384, 65_000, 65_507 - 40:
        peer = Peer(gateway.port)
        answer = peer.ask(POST, PLACE, b"1" * size, format=TEXT, seconds=4)
        found[size] = answer.status if answer is not None else "silence"
    checks.check("payloads of up to 64 KiB are refused with 4.13",
                 set(found.values()) == {"4.13"}, found)
    checks.check("and counted",
                 gateway.status()["coap"]["too_large"] >= before + len(found))
    watch.is_unharmed("large payloads")


def nested(opening, closing, depth):
    return opening * depth + closing * depth


PAYLOADS = [
    # what, format, payload, the code it must get, the counter
    ("JSON that ends early", JSON, b'{"value": 1', "4.00", "malformed_payload"),
    ("JSON with a trailing comma", JSON, b'{"value": 1,}', "4.00", "malformed_payload"),
    ("JSON with more after it", JSON, b'1 2', "4.00", "malformed_payload"),
    ("JSON NaN", JSON, b'{"value": NaN}', "4.00", "malformed_payload"),
    ("JSON Infinity", JSON, b'-Infinity', "4.00", "malformed_payload"),
    ("JSON 1e999", JSON, b'1e999', "4.00", "malformed_payload"),
    ("a doubled JSON key", JSON, b'{"value": 1, "value": 2}', "4.00", "malformed_payload"),
    ("invalid UTF-8", JSON, b'{"value": "\xff"}', "4.00", "malformed_payload"),
    ("a lone surrogate", JSON, b'{"value": "\\ud800"}', "4.00", "malformed_payload"),
    ("deep JSON arrays", JSON, nested(b"[", b"]", 500), "4.00", "malformed_payload"),
    ("deep JSON objects", JSON, nested(b'{"a":', b"}", 150), "4.00", "malformed_payload"),
    ("deep SenML JSON", SENML_JSON, nested(b"[", b"]", 500), "4.00", "malformed_payload"),
    ("CBOR that ends early", CBOR, b"\xa1\x65value", "4.00", "malformed_payload"),
    ("CBOR with a length of 2^64-1", CBOR, b"\xbb" + b"\xff" * 8, "4.00", "malformed_payload"),
    ("a CBOR text of 4 GiB", CBOR, b"\x7a\xff\xff\xff\xffa", "4.00", "malformed_payload"),
    ("a lone CBOR break", CBOR, b"\xff", "4.00", "malformed_payload"),
    ("a reserved CBOR head", CBOR, b"\x1c", "4.00", "malformed_payload"),
    ("deep CBOR arrays", CBOR, b"\x81" * 900 + b"\x01", "4.00", "malformed_payload"),
    ("deep CBOR tags", CBOR, b"\xc6" * 900 + b"\x01", "4.00", "malformed_payload"),
    ("deep SenML CBOR", SENML_CBOR, b"\x81" * 900 + b"\x01", "4.00", "malformed_payload"),
    ("deep unbounded CBOR", CBOR, b"\x9f" * 900, "4.00", "malformed_payload"),
    ("CBOR NaN", CBOR, cbor2.dumps(math.nan), "4.00", "no_value"),
    ("CBOR infinity", CBOR, cbor2.dumps({"value": math.inf}), "4.00", "no_value"),
    ("SenML NaN", SENML_CBOR, cbor2.dumps([{2: math.nan}]), "4.00", "no_value"),
    ("text NaN", TEXT, b"NaN", "4.22", "wrong_type"),
    ("text inf", TEXT, b"-inf", "4.22", "wrong_type"),
    ("no payload", TEXT, b"", "4.00", "malformed_payload"),
    ("an unknown unit", JSON, b'{"value": 1, "unit": "cubits"}', "4.22", "wrong_unit"),
    ("an unknown SenML unit", SENML_JSON, b'[{"v": 1, "u": "cubits"}]', "4.22", "wrong_unit"),
    ("a unit of another kind", SENML_JSON, b'[{"v": 1, "u": "kg"}]', "4.22", "wrong_unit"),
    ("the year one million", JSON, b'{"value": 1, "time": "1000000-01-01T00:00:00Z"}',
     "4.00", "malformed_payload"),
    ("a time of 1e308", SENML_JSON, b'[{"v": 1, "t": 1e308}]', "4.00", "malformed_payload"),
    ("base time and time past all bounds", SENML_JSON, b'[{"bt": 1e308, "t": 1e308, "v": 1}]',
     "4.00", "malformed_payload"),
    ("a time of -1e308", SENML_CBOR, cbor2.dumps([{2: 1, 6: -1e308}]), "4.00",
     "malformed_payload"),
    ("a time of NaN", SENML_CBOR, cbor2.dumps([{2: 1, 6: math.nan}]), "4.00",
     "malformed_payload"),
    ("a time of 2^64-1", CBOR, cbor2.dumps({"value": 1, "time": 2 ** 64 - 1}), "4.00",
     "malformed_payload"),
    ("a SenML version of tomorrow", SENML_JSON, b'[{"bver": 99, "v": 1}]', "4.00",
     "malformed_payload"),
    ("a SenML field that must be understood", SENML_JSON, b'[{"v": 1, "x_": 1}]', "4.00",
     "malformed_payload"),
    ("a SenML name that is none", SENML_JSON, b'[{"n": "a b", "v": 1}]', "4.00",
     "malformed_payload"),
]


def payloads(checks, seed):
    with Workspace() as place, Gateway(place, building.config()) as gateway:
        watch = Watch(checks, gateway)
        for what, format, payload, code, reason in PAYLOADS:
            before = watch.refused(reason)
            answer = watch.peer.ask(POST, PLACE, payload, format=format)
            checks.check(f"{what}: {code} with a text, and counted",
                         answer.status == code and answer.payload
                         and watch.refused(reason) == before + 1,
                         f"{answer.status} {answer.payload!r} "
                         f"{gateway.status()['intake']['refused']}")
        watch.is_unharmed("malformed payloads")
        absurd_times(checks, gateway, watch)
        gateway.kill()
        gateway.start()
        watch.peer = Peer(gateway.port)
        watch.is_unharmed("a restart")


def absurd_times(checks, gateway, watch):
    """Times that can be written but not believed: the reading counts as of its arrival."""
    for what, payload in {
        "a time in the year 9000": [{2: 20, 6: 221_845_392_000}],
        "a time before 1970": [{2: 20, 6: -1e9}],
        "a relative time of minus eight years": [{2: 20, 6: -2.5e8}],
    }.items():
        before = gateway.status()["intake"]["suspect_clocks"]
        answer = watch.peer.ask(POST, PLACE, cbor2.dumps(payload), format=SENML_CBOR)
        after = gateway.status()["intake"]["suspect_clocks"]
        checks.equal(f"{what}: taken as of its arrival, and counted",
                     (answer.status, after), ("2.04", before + 1))


MISTAKES = """
gatewy: {}
gateway:
  durabilty: group
  max_delay: 250
  listen: [http://0.0.0.0:80]
  limits: {payload: 5 parsecs, sessions: many}
devices:
  groups:
    rooms: {range: "room-{9..1}", model: rom}
    halls: {members: [hall-1], colour: red}
models:
  room:
    properties:
      temperature: {type: flaot}
      pressure: {type: float, unit: cubits}
      mode: {type: enum, values: []}
workflow: mistakes
streams:
  heat:
    sources:
      - {group: nobody, topic: "telemetry/+/temperature", mapping: {temperature: payload.value}}
    window: {type: tumbling, size: soon}
    processing:
      - {type: filter, expression: "temperature >"}
      - {type: filter, expression: "humidity > 3"}
      - {type: aggregat}
    patterns:
      - {name: a, condition: "temperature > 'warm'", actions: [cool]}
      - {name: b, condition: temperature > 30, actions: [col]}
commands:
  cool:
    target: {group: rooms, selection: closest}
    steps: [{command: set_mode}]
    error_handling: {strategy: retry, max_attempts: 0}
aggregations:
  energy:
    sources: [{topic: "telemetry/+/temperature", mapping: {temperature: payload.value}}]
    metrics: [{name: m, function: median_of, field: temperature}]
    windows: [{name: w, duration: 1m}]
scenarios:
  day: {duration: 1h, telemetry: [{group: rooms, property: temperature, time_pattern: zigzag}]}
"""
# The lines that hold a mistake, and how many each holds.
MISTAKEN = {2: 1, 4: 1, 5: 1, 6: 1, 7: 2, 10: 1, 11: 1, 15: 1, 16: 1, 17: 1, 22: 1, 23: 1, 25: 1,
            26: 1, 27: 1, 29: 1, 30: 1, 33: 1, 35: 1, 39: 1, 42: 1}


def configuration(checks, seed):
    with Workspace() as place:
        path = place / "mistakes.yaml"
        path.write_text(MISTAKES)
        result = run(IOTFLOW, "check", "--json", path)
        found = [entry for entry in json.loads(result.stdout)["diagnostics"]
                 if entry["severity"] == "error"]
        lines = [entry["line"] for entry in found]
        unseen = [line for line, count in MISTAKEN.items() if lines.count(line) < count]
        checks.check(f"a configuration with {sum(MISTAKEN.values())} mistakes: all are told",
                     not unseen, f"nothing about lines {unseen}")
        checks.equal("and the exit status says so", result.returncode, 1)
        text = run(IOTFLOW, "check", path).stderr
        checks.check("each with place, line, caret and suggestion",
                     f"{path}:2:1: error: " in text and "gatewy: {}" in text and "^" in text
                     and "did you mean" in text.lower(), text[:400])
        result = run(IOTFLOWD, "--config", path, "--data", place / "data")
        checks.equal("the daemon does not start with it", result.returncode, 78)


def foreign_database(path):
    """A database of another program, by LMDB itself."""
    lmdb = ctypes.CDLL("liblmdb.so.0")
    env, transaction, table = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint()

    class Value(ctypes.Structure):
        _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_char_p)]

    path.mkdir()
    key, value = Value(5, b"hello"), Value(5, b"world")
    for result in (
            lmdb.mdb_env_create(ctypes.byref(env)),
            lmdb.mdb_env_open(env, str(path).encode(), 0, 0o644),
            lmdb.mdb_txn_begin(env, None, 0, ctypes.byref(transaction)),
            lmdb.mdb_dbi_open(transaction, None, 0, ctypes.byref(table)),
            lmdb.mdb_put(transaction, table, ctypes.byref(key), ctypes.byref(value), 0),
            lmdb.mdb_txn_commit(transaction)):
        assert result == 0, result
    lmdb.mdb_env_close(env)


def directories(checks, seed):
    with Workspace() as place:
        with Gateway(place / "one", building.config()) as gateway:
            watch = Watch(checks, gateway)

            def start_fails(what, data, *words):
                result = run(IOTFLOWD, "--config", gateway.config, "--data", data,
                             "--listen", "127.0.0.1:0", "--socket", place / "other.sock")
                checks.check(f"{what}: the daemon does not start and says why",
                             result.returncode == 69 and all(word in result.stderr
                                                             for word in words),
                             f"{result.returncode} {result.stderr}")

            foreign = place / "files"
            foreign.mkdir()
            (foreign / "thesis.tex").write_text("years of work")
            start_fails("a directory of files", foreign, "thesis.tex", "empty directory")
            checks.equal("the files are as they were",
                         [(path.name, path.read_text()) for path in foreign.iterdir()],
                         [("thesis.tex", "years of work")])
            foreign_database(place / "foreign")
            before = (place / "foreign/data.mdb").read_bytes()
            start_fails("another program's database", place / "foreign", "another program")
            checks.check("the database is as it was",
                         (place / "foreign/data.mdb").read_bytes() == before)
            (place / "file").write_text("")
            start_fails("a file as directory", place / "file", "not a directory")
            start_fails("two daemons on one directory", gateway.data, str(gateway.process.pid))
            watch.is_unharmed("a second daemon")
            gateway.stop()

            newer = place / "newer"
            shutil.copytree(gateway.data, newer, ignore=lambda *_: ["control.sock"])
            database = (newer / "data.mdb").read_bytes()
            # The identity row: the name, then the schema version.
            (newer / "data.mdb").write_bytes(
                database.replace(b"iotflow store\x01", b"iotflow store\x63"))
            start_fails("a newer schema", newer, "schema version 99", "install a newer iotflow")
            gateway.start()
            watch.peer = Peer(gateway.port)
            watch.is_unharmed("all of these")


def fuzz(checks, seed):
    """Ten seconds of random and mutated datagrams from several peers, then a look at its health."""
    with Workspace() as place, Gateway(place, building.config(unknown=True)) as gateway:
        watch = Watch(checks, gateway)
        chance = random.Random(seed)
        peers = [Peer(gateway.port) for _ in range(8)]
        sent = 0
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for peer in peers:
                for _ in range(16):
                    peer.send(mutant(chance))
                sent += 16
                while peer.receive(0) is not None:
                    pass
            if not gateway.is_running:
                break
        checks.check(f"the gateway survives {sent} random datagrams (SEED={seed})",
                     gateway.is_running, gateway.log_text()[-1000:])
        watch.is_unharmed("the fuzz")
        gateway.kill()
        gateway.start()
        watch.peer = Peer(gateway.port)
        watch.is_unharmed("the fuzz and a restart")


PATHS = [PLACE, "telemetry/room-01", "twin/room-01", "rd", "rd/fan-1", ".well-known/core", "",
         "telemetry/stranger/x", "telemetry//", "twin"]
SAMPLES = [payload for _, _, payload, _, _ in PAYLOADS] + [
    b"20.5", b'{"value":20}', cbor2.dumps({"temperature": 20}), b'[{"bn":"a:","n":"b","v":1}]',
    cbor2.dumps([{-2: "temperature", -3: 1.7e9, 2: 20}, {6: 5, 2: 21}])]


def mutant(chance):
    """A message that is right or wrong in one or several places. Room 40 is never touched."""
    options = []
    for _ in range(chance.randrange(3)):
        number = chance.choice([1, 3, 4, 5, 6, 7, 8, 14, 23, 27, 28, 35, 39, 60, 252, 258, 292,
                                chance.randrange(65536)])
        options.append((number, chance.randbytes(chance.choice([0, 1, 1, 2, 3, 4, 8, 20]))))
    data = bytearray(message(
        chance.choice([1, 2, 3, 4, 5, 6, 7, chance.randrange(256)]), chance.choice(PATHS),
        chance.choice(SAMPLES), kind=chance.choice([CON, CON, NON, ACK, RST]),
        mid=chance.randrange(64) if chance.random() < 0.3 else chance.randrange(65536),
        token=chance.randbytes(chance.randrange(9)),
        format=chance.choice([None, 0, 50, 60, 110, 112, 41, 65535]),
        accept=chance.choice([None, None, 50, 60, 40, 9999]),
        query=chance.choice([(), (), ("ep=fan-1",), ("ep=fan-1", "lt=0"), ("rt=*",), ("=",)]),
        options=options))
    for _ in range(chance.choice([0, 0, 1, 1, 2, 8])):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    if chance.random() < 0.1:
        del data[chance.randrange(len(data) + 1):]
    return bytes(data)
