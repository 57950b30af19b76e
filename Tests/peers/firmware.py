"""Starts emulated devices beside a gateway, and reads their books in the end."""

import json
import os
import signal
import subprocess

from peers.gateway import ROOT

FIRMWARE_SIM = os.environ.get("FIRMWARE_SIM") or str(ROOT / ".build/debug/firmware-sim")

# What the network does to datagrams in each direction, in percent.
BAD_NETWORK = ("--loss", "10", "--duplicate", "10", "--reorder", "10")


class Fleet:
    """The devices of a configuration until they are stopped."""

    def __init__(self, place, port, config, *options, seed=1):
        self.report_path = place / "devices.json"
        self.report_path.unlink(missing_ok=True)
        self.log = open(place / "devices.log", "ab")
        self.process = subprocess.Popen(
            [FIRMWARE_SIM, "--target", f"coap://127.0.0.1:{port}", "--config", str(config),
             "--seed", str(seed), "--report", str(self.report_path), *options],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        """Ends them; what each device ran and how often."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        return Books(json.loads(self.report_path.read_text()))


class Books:
    """What `--report` says."""

    def __init__(self, report):
        self.report = report
        self.runs = report["runs"]

    def executed(self, device):
        """The commands that a device ran, as (command, parameters), in their order."""
        return [(run["command"], run["parameters"]) for run in self.runs.get(device, [])
                if run["executed"] > 0]

    @property
    def doubled(self):
        """Commands that some device ran more than once."""
        return [(device, run["command"], run["executed"])
                for device, runs in self.runs.items() for run in runs if run["executed"] > 1]

    @property
    def repeats(self):
        return sum(run["repeated"] for runs in self.runs.values() for run in runs)

    def state(self, device, name):
        return self.report["state"][device].get(name)
