"""Motors run hot while nobody upstream can be reached and the network is bad: each is shut off, once,
and the alarm is told when the broker is there."""

from peers.broker import Broker, Ledger, Subscriber
from peers.checks import wait_for
from peers.firmware import BAD_NETWORK, Fleet
from peers.gateway import ROOT, Gateway, Workspace

MOTORS = [f"motor-{number:02}" for number in range(1, 13)]


def config(broker):
    return (ROOT / "etc/examples/emergency_response.yaml").read_text() + f"""
gateway:
  name: emergency
  event_time: device
  uplinks:
    - {{type: mqtt, host: 127.0.0.1, port: {broker.port}, batch: {{records: 50, linger: 10ms}}}}
"""


def broker_away(checks, seed):
    with Workspace() as place:
        broker = Broker(place / "broker").start()
        subscriber = Subscriber(broker)
        subscriber.catch_up()
        broker.stop()
        with Gateway(place / "gateway", config(broker)) as gateway:
            with Fleet(place, gateway.port, gateway.config, "--scenario", "overheating",
                       "--duration", "4m", "--speedup", "max", "--pack", "8",
                       "--lead", "40s", "--linger", "30s", *BAD_NETWORK,
                       seed=seed) as fleet:
                wait_for("every motor is shut off", lambda: succeeded(gateway) >= len(MOTORS), 90)
                books = fleet.stop()
            check_devices(checks, books, gateway)
            waiting = sum(lane["records"] for lane in gateway.status()["store"]["outbox"].values())
            checks.check("the alarms wait for the broker", waiting >= 2 * len(MOTORS), waiting)
            broker.start()
            try:
                wait_for("the outbox is empty", lambda: all(
                    lane["records"] == 0
                    for lane in gateway.status()["store"]["outbox"].values()), 30, 0.1)
                subscriber.catch_up()
                check_upstream(checks, Ledger(subscriber.taken()))
            finally:
                subscriber.stop()
                broker.stop()


def succeeded(gateway):
    return gateway.status()["report"]["commands_succeeded"]


def check_devices(checks, books, gateway):
    checks.equal("each motor obeyed once",
                 {motor: books.executed(motor) for motor in MOTORS},
                 {motor: [("set_running", {"running": False})] for motor in MOTORS})
    checks.equal("none ran a command twice", books.doubled, [])
    twins = {twin["device"]: twin for twin in gateway.ask("twin", "list")}
    checks.equal("the twins know", [twins[motor]["reported"]["running"]["value"]
                                    for motor in MOTORS], [False] * len(MOTORS))


def check_upstream(checks, ledger):
    matches = sorted(record["key"]["device_id"] for record in ledger.of("match"))
    checks.equal("each alarm is told once", matches, MOTORS)
    commands = sorted((record["key"]["device_id"], record["fields"]["state"])
                      for record in ledger.of("command"))
    checks.equal("with what came of its command", commands,
                 [(motor, "succeeded") for motor in MOTORS])
    checks.check("nothing is missing", not ledger.missing, f"{ledger.missing[:10]}")
