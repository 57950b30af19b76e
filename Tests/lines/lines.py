"""Twins and commands against emulated devices, over real CoAP on a bad network."""

import os
import random
import sys

from lines import emergency, line, wire
from peers.checks import Checks

SECTIONS = {
    "wire": wire.requests,
    "emergency": emergency.broker_away,
    "line": line.all_go,
    "trouble": line.three_do_not,
    "killed": line.gateway_killed,
}

if __name__ == "__main__":
    checks = Checks()
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"SEED={seed}")
    for name in sys.argv[1:] or SECTIONS:
        checks.section(name, SECTIONS[name], checks, seed)
    sys.exit(checks.finish())
