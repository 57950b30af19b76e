#!/usr/bin/env python3
"""Measures the gateway against a bare libcoap server under the same load, in one run.

    run.py IOTFLOWD IOTFLOW [--rounds N] [--seconds S] [--json FILE]

Every figure that is compared is measured in turn with what it is compared with, so that a noisy machine
is noisy for both; the table shows medians over the rounds. Exit status 1 where a target is missed.
"""
import argparse
import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = (64, 1000, 10000)


def build(directory):
    """Compiles the load generator and the laboratory server; answers their paths."""
    flags = subprocess.check_output(
        ["pkg-config", "--cflags", "--libs", "libcoap-3-gnutls"], text=True).split()
    programs = {}
    for name, extra in (("load", []), ("bare", flags)):
        programs[name] = os.path.join(directory, name)
        subprocess.check_call(
            ["cc", "-O2", "-o", programs[name], os.path.join(HERE, name + ".c"), *extra])
    return programs


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    """True once something answers a CoAP ping with a reset."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.2)
        probe.connect(("127.0.0.1", port))
        try:
            probe.send(bytes([0x40, 0, 0x12, 0x34]))
            return probe.recv(16)[:1] == b"\x70"
        except OSError:
            return False


@contextlib.contextmanager
def running(arguments, port, log, **environment):
    process = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=log, env={**os.environ, **environment})
    try:
        deadline = time.monotonic() + 20
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"bench: {arguments[0]} did not start; see {log.name}")
            time.sleep(0.02)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def proc(pid, file, key):
    with open(f"/proc/{pid}/{file}", encoding="utf8") as lines:
        for line in lines:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    raise KeyError(key)


class Bench:
    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.programs = build(directory)
        self.log = open(os.path.join(directory, "log"), "w", encoding="utf8")
        self.figures = {}

    def note(self, name, value):
        self.figures.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.figures[name])

    def load(self, port, **options):
        arguments = [self.programs["load"], "--port", str(port)]
        for name, value in {"seconds": self.options.seconds, **options}.items():
            arguments += ["--" + name.replace("_", "-"), str(value)]
        return json.loads(subprocess.check_output(arguments, text=True))

    def bare(self, mode, peers):
        port = free_port()
        with running([self.programs["bare"], mode, str(port)], port, self.log):
            return self.load(port, peers=peers)["per_second"]

    @contextlib.contextmanager
    def gateway(self, durability="group", devices=10000):
        data = tempfile.mkdtemp(dir=self.directory)
        with open(os.path.join(HERE, "bench.yaml"), encoding="utf8") as file:
            text = file.read().replace("{00001..10000}", "{00001..%05d}" % devices)
        config = os.path.join(data, "bench.yaml")
        with open(config, "w", encoding="utf8") as file:
            file.write(text)
            # The budget for flash wear is out of the way: with the default, a flood that has used
            # it up shares its commits, each max_delay late.
            file.write(f"gateway:\n  durability: {durability}\n  wear_budget: 10000GB/day\n"
                       f"  uplinks:\n    - {{type: file, path: {data}/up.ndjson}}\n")
        port = free_port()
        arguments = [self.options.iotflowd, "--config", config, "--data", data + "/store",
                     "--listen", f"127.0.0.1:{port}"]
        with running(arguments, port, self.log) as process:
            yield process, port, data + "/store"
        shutil.rmtree(data)

    def status(self, data):
        return json.loads(subprocess.check_output(
            [self.options.iotflow, "status", "--json", "--data", data], text=True))

    def throughput(self, peers):
        self.note(f"process/{peers}", self.bare("process", peers))
        self.note(f"batched/{peers}", self.bare("batched", peers))
        for durability in ("group", "relaxed"):
            with self.gateway(durability) as (process, port, _):
                before = proc(process.pid, "io", "write_bytes")
                result = self.load(port, peers=peers)
                written = proc(process.pid, "io", "write_bytes") - before
                self.note(f"{durability}/{peers}", result["per_second"])
                self.note(f"rss/{durability}/{peers}", proc(process.pid, "status", "VmHWM") / 1024)
                self.note(f"bytes/{durability}/{peers}", written / max(1, result["answered"]))

    def packs(self):
        with self.gateway() as (process, port, _):
            before = proc(process.pid, "io", "write_bytes")
            result = self.load(port, peers=1000, records=20)
            events = result["answered"] * 20
            written = proc(process.pid, "io", "write_bytes") - before
            self.note("events", result["events_per_second"])
            self.note("bytes/events", written / max(1, events))
            self.note("rss/events", proc(process.pid, "status", "VmHWM") / 1024)

    def latency(self):
        with self.gateway(devices=1000) as (process, port, data):
            self.note("rss/idle", proc(process.pid, "status", "VmRSS") / 1024)
            result = self.load(port, peers=1000, rate=10000, hot_every=50, twin_every=50,
                               seconds=max(5, self.options.seconds))
            for name in ("decision", "twin_visibility", "acknowledgement"):
                for quantile in ("p50_us", "p99_us", "max_us"):
                    self.note(f"{name}/{quantile}", result[name][quantile] / 1000)
            trip = self.status(data)["latency"]["round_trip"]
            for quantile in ("p50_ms", "p99_ms", "max_ms"):
                self.note(f"round_trip/{quantile.replace('_ms', '_us')}", trip[quantile])
            self.note("rss/latency", proc(process.pid, "status", "VmHWM") / 1024)

    def size(self):
        copy = os.path.join(self.directory, "stripped")
        shutil.copy(self.options.iotflowd, copy)
        subprocess.check_call(["strip", copy])
        self.note("binary", os.path.getsize(copy) / 1e6)


def machine():
    model = platform.processor()
    with open("/proc/cpuinfo", encoding="utf8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}"


def report(bench):
    """Prints the table and answers the targets that were missed."""
    missed = []

    def target(name, value, holds):
        if not holds:
            missed.append(f"{name}: {value}")
        return "yes" if holds else "NO"

    print(f"\nMachine: {machine()}; medians of {bench.options.rounds} rounds of "
          f"{bench.options.seconds:g} s; no wear budget\n")
    print("| CON PUT/s | (a) coap_io_process | (b) batched | group | relaxed | group/(b) | "
          "relaxed/(b) | group/(a) |")
    print("|---|---|---|---|---|---|---|---|")
    for peers in PEERS:
        a, b, group, relaxed = (
            bench.median(f"{name}/{peers}") for name in ("process", "batched", "group", "relaxed"))
        # A round's own ratio, then the median: noise hits both sides of a round alike.
        ratios = {
            name: statistics.median(
                x / y for x, y in zip(bench.figures[f"{name}/{peers}"],
                                      bench.figures[f"batched/{peers}"]))
            for name in ("group", "relaxed")}
        print(f"| {peers:,} peers | {a:,.0f} | {b:,.0f} | {group:,.0f} | {relaxed:,.0f} | "
              f"{ratios['group']:.2f} | {ratios['relaxed']:.2f} | {group / a:.1f} |")
        target(f"group/(b) at {peers} >= 0.5", f"{ratios['group']:.2f}", ratios["group"] >= 0.5)
        target(f"relaxed/(b) at {peers} >= 0.6", f"{ratios['relaxed']:.2f}",
               ratios["relaxed"] >= 0.6)
    target("group/(a) at 10,000 >= 3", "", bench.median("group/10000")
           >= 3 * bench.median("process/10000"))
    print("\n| figure | measured | target | met |")
    print("|---|---|---|---|")

    def row(name, text, goal, holds):
        print(f"| {name} | {text} | {goal} | {target(name, text, holds)} |")

    events = bench.median("events")
    row("events/s, SenML packs of 20", f"{events:,.0f}", ">= 500,000", events >= 500_000)
    for name, label, limit in (
            ("decision", "decision (reading sent to command received)", 5),
            ("round_trip", "command round trip", 20),
            ("twin_visibility", "twin visibility (PUT to GET that shows it)", 10)):
        values = [bench.median(f"{name}/{q}") for q in ("p50_us", "p99_us", "max_us")]
        row(f"{label}, p50/p99/max at 10,000 events/s",
            "/".join(f"{value:.2f}" for value in values) + " ms", f"p99 < {limit} ms",
            values[1] < limit)
    idle = bench.median("rss/idle")
    row("RSS idle, 1,000 twins", f"{idle:.1f} MB", "<= 20 MB", idle <= 20)
    loaded = max(bench.median(f"rss/group/{peers}") for peers in PEERS)
    loaded = max(loaded, bench.median("rss/events"))
    row("RSS under load, highest", f"{loaded:.1f} MB", "<= 64 MB", loaded <= 64)
    size = bench.median("binary")
    row("iotflowd, stripped", f"{size:.1f} MB", "<= 12 MB", size <= 12)
    for name, label in (("bytes/events", "bytes written per event, packs of 20"),
                        ("bytes/group/1000", "bytes written per event, one a message, group")):
        print(f"| {label} | {bench.median(name):.0f} B | | |")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("iotflowd")
    parser.add_argument("iotflow")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", help="also write every figure of every round there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="iotflow-bench-") as directory:
        bench = Bench(options, directory)
        bench.size()
        for index in range(options.rounds):
            print(f"round {index + 1} of {options.rounds}", file=sys.stderr)
            for peers in PEERS:
                bench.throughput(peers)
            bench.packs()
            bench.latency()
        missed = report(bench)
        if options.json:
            with open(options.json, "w", encoding="utf8") as file:
                json.dump(bench.figures, file, indent=1)
        shutil.copy(bench.log.name, os.path.join(tempfile.gettempdir(), "iotflow-bench.log"))
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
