"""What the gateway answers to real clients, and to what no client should send."""

import os
import random
import sys

from conformance import bad, clients, metrics, overload, twins
from peers.checks import Checks

SECTIONS = {
    "clients": [clients.all_clients, clients.unknown_option, clients.unknown_devices,
                clients.command_round_trip],
    "overload": [overload.busy, overload.full, overload.full_with_strangers],
    "bad": [bad.datagrams, bad.payloads, bad.configuration, bad.directories],
    "fuzz": [bad.fuzz],
    "twins": [twins.resources, twins.observation, twins.visibility],
    "metrics": [metrics.scrape],
}

if __name__ == "__main__":
    checks = Checks()
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"SEED={seed}")
    for name in sys.argv[1:] or SECTIONS:
        for body in SECTIONS[name]:
            checks.section(f"{name}: {body.__name__}", body, checks, seed)
    sys.exit(checks.finish())
