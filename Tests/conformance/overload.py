"""More than the gateway can take: 5.03 with Max-Age, nothing promised, and it recovers."""

import json

import cbor2

from conformance import building
from peers.checks import wait_for
from peers.coap import CHANGED, GET, MAX_AGE, POST, SENML_CBOR, Peer, message
from peers.gateway import Gateway, Workspace

SERVICE_UNAVAILABLE = 0xA3
BURST = 300


def busy(checks, seed):
    """Datagrams that wait together are more than one turn may take."""
    with Workspace() as place, Gateway(
            place, building.config(limits="{queue: 64}")) as gateway:
        peer = Peer(gateway.port)
        gateway.pause()
        for number in range(BURST):
            peer.send(message(POST, "telemetry/room-01/count", str(number).encode(), mid=number))
        gateway.go_on()
        answers = {}
        while len(answers) < BURST and (answer := peer.receive(10)) is not None:
            answers[answer.mid] = answer
        refused = [answer for answer in answers.values() if answer.code == SERVICE_UNAVAILABLE]
        taken = [answer for answer in answers.values() if answer.code == CHANGED]
        checks.equal("overload: each request is answered", len(answers), BURST)
        checks.check("overload: some are taken and the others get 5.03",
                     taken and refused and len(taken) + len(refused) == BURST,
                     f"{len(taken)} taken, {len(refused)} refused")
        checks.check("overload: 5.03 says when to come again, and why",
                     all(answer.number(MAX_AGE) and answer.payload for answer in refused))
        status = gateway.status()
        checks.equal("overload: refusals are counted",
                     status["intake"]["refused"].get("overloaded"), len(refused))
        checks.equal("overload: only what was taken is processed",
                     status["report"]["events_processed"], len(taken))
        answer = peer.ask(POST, "telemetry/room-01/count", b"7")
        checks.equal("overload: afterwards it takes requests again", answer.status, "2.04")


def full(checks, seed):
    """The store's file cannot grow."""
    with Workspace() as place, Gateway(place, building.config()) as gateway:
        peer = Peer(gateway.port)
        peer.ask(POST, "telemetry/room-01/count", b"0")
        gateway.limit_files((gateway.data / "data.mdb").stat().st_size + (64 << 10))
        taken, limbo = 0, 0
        for number in range(1, 4000):
            pack = [{0: "count", 2: number}] + [{0: "humidity", 2: n / 4} for n in range(30)]
            answer = peer.ask(POST, "telemetry/room-01", cbor2.dumps(pack), format=SENML_CBOR,
                              seconds=4)
            if answer is None or answer.code != CHANGED:
                limbo = number
                break
            taken = number
        checks.check("full store: what cannot be stored is not acknowledged", limbo > 0)
        refusal = peer.ask(POST, "telemetry/room-01/count", b"-1")
        checks.check("full store: with 5.03, Max-Age and the reason",
                     refusal.code == SERVICE_UNAVAILABLE and refusal.number(MAX_AGE)
                     and refusal.payload, f"{refusal.status} {refusal.payload!r}")
        status = gateway.status()
        checks.check("full store: the state says so and failures are counted",
                     status["store"]["state"] != "ready" and status["store"]["failed_commits"] > 0
                     and status["intake"]["refused"].get("store_unavailable", 0) > 0,
                     json.dumps([status["store"], status["intake"]]))
        checks.equal("full store: twins are still served",
                     peer.ask(GET, "twin/room-01").status, "2.05")
        gateway.limit_files()

        def is_taken():
            return peer.ask(POST, "telemetry/room-02/count", b"1").code == CHANGED
        wait_for("the gateway takes telemetry again", is_taken, 30, 0.2)
        checks.equal("full store: when space returns it is ready",
                     gateway.status()["store"]["state"], "ready")
        gateway.kill()
        gateway.start()
        twin = json.loads(Peer(gateway.port).ask(GET, "twin/room-01").payload)
        checks.check("full store: what was acknowledged survives kill -9",
                     twin["reported"]["count"]["value"] in (taken, limbo), twin)


def full_with_strangers(checks, seed):
    """A device gets its number while the store is full, and keeps it."""
    with Workspace() as place, Gateway(place, building.config(unknown=True)) as gateway:
        peer = Peer(gateway.port)
        peer.ask(POST, "telemetry/first-stranger/count", b"1")
        gateway.limit_files((gateway.data / "data.mdb").stat().st_size)

        def is_refused():
            answer = peer.ask(POST, "telemetry/room-01/count", b"2", seconds=1)
            return answer is not None and answer.code == SERVICE_UNAVAILABLE
        wait_for("the store is full", is_refused)
        checks.equal("full store: a stranger is refused", peer.ask(
            POST, "telemetry/second-stranger/noise", b"2").status, "5.03")
        gateway.limit_files()

        def is_taken():
            return peer.ask(POST, "telemetry/second-stranger/noise", b"3").code == CHANGED
        wait_for("the gateway takes telemetry again", is_taken, 30, 0.2)
        peer.ask(POST, "telemetry/third-stranger/smell", b"4")
        gateway.kill()
        gateway.start()
        peer = Peer(gateway.port)
        found = {}
        for device in "first-stranger", "second-stranger", "third-stranger":
            twin = json.loads(peer.ask(GET, f"twin/{device}").payload or b"null")
            found[device] = {name: half["value"] for name, half in twin["reported"].items()}
        checks.equal("full store: afterwards each stranger has its own twin", found, {
            "first-stranger": {"count": 1}, "second-stranger": {"noise": 3},
            "third-stranger": {"smell": 4}})
