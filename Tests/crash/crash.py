"""What a gateway must keep when it is killed, when its broker is away, when its disk stalls."""

import os
import random
import sys

from peers.checks import Checks
from crash import broker_away, critical_path, killed

SECTIONS = {
    "kill": killed.rounds,
    "broker": broker_away.outage,
    "critical": critical_path.stalled_disk,
}

if __name__ == "__main__":
    checks = Checks()
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"SEED={seed}")
    for name in sys.argv[1:] or SECTIONS:
        checks.section(name, SECTIONS[name], checks, seed)
    sys.exit(checks.finish())
