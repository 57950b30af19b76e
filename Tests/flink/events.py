"""Recorded events for both engines, from a seed: ties, gaps, and disorder within the lateness."""
import csv
import datetime
import random

START = int(datetime.datetime(2026, 7, 15, tzinfo=datetime.timezone.utc).timestamp() * 1000)
LATENESS = 30_000
DEVICES = [(f"sensor-{number:02}", f"zone-{(number - 1) // 4 + 1:02}") for number in range(1, 21)]


def generate(count, seed):
    """Events in the order of arrival: (time, device, zone, property, value)."""
    choose = random.Random(seed)
    events = []
    for device, zone in DEVICES:
        time, temperature, is_open = START, 28.0, False
        for number in range(count // len(DEVICES)):
            step = choose.choice([500, 1000, 2000, 5000, 10_000, 10_000, 20_000])
            if choose.random() < 0.004:
                step = choose.choice([120_000, 299_999, 300_000, 300_001, 900_000])
            elif choose.random() < 0.01 and number:
                step = 0
            time += step
            temperature = min(38, max(20, temperature + choose.gauss(0, 1.2)))
            if choose.random() < 0.01:
                temperature = choose.choice([21.0, 30.0, 37.0])
            events.append((time, device, zone, "temperature", round(temperature, 1)))
            if step and choose.random() < 0.05:
                is_open = not is_open
                events.append((time, device, zone, "state", "open" if is_open else "closed"))
    # Events of one device and moment keep their order; everything else may come up to the lateness
    # late.
    delays = {}
    for time, device, *_ in events:
        delays.setdefault((time, device), choose.randrange(LATENESS))
    events.sort(key=lambda event: (event[0] + delays[event[0], event[1]], event[1]))
    return events


def instant(milliseconds):
    time = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}Z"


def write_for_iotflow(events, path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["time", "device", "property", "value"])
        for time, device, _, name, value in events:
            rows.writerow([instant(time), device, name, value])


def write_for_flink(events, path):
    """device, zone, temperature, state, seq, ts; `seq` counts arrivals."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        for seq, (time, device, zone, name, value) in enumerate(events):
            temperature = value if name == "temperature" else ""
            state = value if name == "state" else ""
            ts = instant(time).replace("T", " ").rstrip("Z")
            rows.writerow([device, zone, temperature, state, seq, ts])
