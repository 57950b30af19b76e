"""The broker stops, the gateway is killed meanwhile, the broker comes back."""

import random

from crash import building
from crash.killed import wait_for_records
from peers.broker import Broker, Ledger, Subscriber
from peers.checks import wait_for
from peers.fleet import Fleet
from peers.gateway import Gateway, Workspace

OUTAGES = 3


def outage(checks, seed):
    chance = random.Random(seed)
    with Workspace() as place:
        broker = Broker(place / "broker").start()
        subscriber = Subscriber(broker)
        try:
            subscriber.catch_up()
            gateway = Gateway(place / "gateway", building.config(broker, place))
            fleet = Fleet(building.DEVICES, gateway.port, building.START, seed)
            with gateway:
                for number in range(OUTAGES):
                    fleet.run(chance.uniform(0.3, 0.8))
                    broker.stop()
                    fleet.run(chance.uniform(0.3, 0.8))
                    checks.check(f"outage {number + 1}: records wait", waiting(gateway) > 0)
                    gateway.kill()
                    gateway.start()
                    fleet.run(chance.uniform(0.3, 0.8))
                    before = waiting(gateway)
                    broker.start()
                    fleet.run(chance.uniform(0.3, 0.8))
                    wait_for("the gateway finds its broker again",
                             lambda: waiting(gateway) < before, 60, 0.1)
                fleet.finish()
                fleet.close_windows()
                wait_for_records(gateway, subscriber)
                checks.equal("the gateway stops cleanly", gateway.stop(), 0)
            ledger = Ledger(subscriber.taken())
            print(f"       {len(ledger.first)} records, {ledger.repeats} of them delivered again")
            building.check_books(checks, "broker", ledger, fleet)
        finally:
            subscriber.stop()
            broker.stop()


def waiting(gateway):
    """Records that not every sink has acknowledged."""
    return sum(lane["records"] for lane in gateway.status()["store"]["outbox"].values())
