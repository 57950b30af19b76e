"""kill -9 under load, again and again; afterwards the books must be exact."""

import random
import time

from crash import building
from peers.broker import Broker, Ledger, Subscriber
from peers.checks import wait_for
from peers.fleet import Fleet
from peers.gateway import Gateway, Workspace

ROUNDS = 100


def rounds(checks, seed):
    chance = random.Random(seed)
    with Workspace() as place:
        broker = Broker(place / "broker").start()
        subscriber = Subscriber(broker)
        try:
            subscriber.catch_up()
            gateway = Gateway(place / "gateway", building.config(broker, place))
            fleet = Fleet(building.DEVICES, gateway.port, building.START, seed)
            with gateway:
                work(checks, chance, gateway, fleet)
                settle(checks, gateway, fleet)
                wait_for_records(gateway, subscriber)
                checks.equal("the gateway stops cleanly", gateway.stop(), 0)
            tell(checks, fleet)
            building.check_books(checks, "broker", Ledger(subscriber.taken()), fleet)
            records, torn = building.upstream_file(place)
            checks.check("file: no line is torn", not torn, f"{torn[:3]}")
            building.check_books(checks, "file", Ledger(records), fleet)
        finally:
            subscriber.stop()
            broker.stop()


def work(checks, chance, gateway, fleet):
    slowest = 0.0
    forgotten = []
    for number in range(ROUNDS):
        if number > 0:
            started = time.monotonic()
            gateway.spawn()
            fleet.life += 1
            if chance.random() < 0.1:
                # Recovery itself may be killed.
                fleet.run(chance.uniform(0.001, 0.06))
                gateway.kill()
                continue
            gateway.wait_until_ready()
            slowest = max(slowest, time.monotonic() - started)
            forgotten += [f"round {number}: {line}" for line in lost_from_twins(gateway, fleet)]
        fleet.run(chance.uniform(0.05, 0.4))
        gateway.kill()
    gateway.start()
    fleet.life += 1
    checks.check(f"after each of {ROUNDS} kills the twins hold what was acknowledged",
                 not forgotten, "; ".join(forgotten[:5]))
    print(f"       slowest start {slowest * 1000:.0f} ms")


def lost_from_twins(gateway, fleet):
    """Devices whose twin is older than what was acknowledged to them."""
    twins = {twin["device"]: twin for twin in gateway.ask("twin", "list")}
    for device in fleet.devices:
        if not device.taken:
            continue
        when, value = device.taken[-1]
        reported = twins[device.name]["reported"].get("temperature")
        if reported is None or building.seconds(reported["time"]) < when:
            yield f"{device.name} was told that {value} at {when} is safe, its twin has {reported}"
        elif building.seconds(reported["time"]) == when and reported["value"] != value:
            yield f"{device.name} sent {value}, its twin has {reported}"


def settle(checks, gateway, fleet):
    fleet.finish()
    fleet.close_windows()
    checks.equal("in the end each twin has the last reading",
                 list(lost_from_twins(gateway, fleet)), [])


def wait_for_records(gateway, subscriber):
    """Waits until commands have ended, lanes are empty and the broker has passed everything on."""
    def is_drained():
        status = gateway.status()
        lanes = status["store"]["outbox"].values()
        return all(lane["records"] == 0 for lane in lanes)
    wait_for("the outbox is empty", is_drained, 60, 0.1)
    subscriber.catch_up()


def tell(checks, fleet):
    repeats = sum(device.repeats for device in fleet.devices)
    print(f"       {fleet.readings} readings acknowledged, {repeats} datagrams repeated")
    checks.check(f"{fleet.carried_over} requests of one process were acknowledged by another",
                 fleet.carried_over > 0)
    checks.check(f"{fleet.cut_windows} windows were cut by a kill", fleet.cut_windows > 0)
