"""A real mosquitto, and a subscriber that loses nothing."""

import json
import signal
import socket
import subprocess
import threading
import time

from peers.gateway import free_port


class Broker:
    """mosquitto on a free port. What it holds for its subscribers survives `stop` and `start`."""

    def __init__(self, place):
        self.port = free_port(socket.SOCK_STREAM)
        place.mkdir(parents=True, exist_ok=True)
        self.config = place / "mosquitto.conf"
        self.log = place / "mosquitto.log"
        self.config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\n"
            f"persistence true\npersistence_location {place}/\n"
            f"max_queued_messages 0\nmax_inflight_messages 0\nset_tcp_nodelay true\n")
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["mosquitto", "-c", str(self.config)], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"mosquitto does not run: {self.log.read_text()}") from None
                time.sleep(0.02)

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process = None


class Subscriber:
    """mosquitto_sub with a persistent session; gathers records in the order they arrive."""

    def __init__(self, broker, topic="iotflow/#"):
        self.records = []
        self.port = broker.port
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", "-p", str(broker.port), "-q", "1", "-c",
             "-i", "subscriber", "-t", topic, "-v"],
            stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self._gather, daemon=True)
        self.thread.start()

    def catch_up(self, seconds=30):
        """Waits until a message that is published now has come: all before it have, too."""
        deadline = time.monotonic() + seconds
        mark = {"mark": time.monotonic()}
        while mark not in self.records[-100:]:
            if time.monotonic() > deadline:
                raise TimeoutError("the subscriber hears nothing")
            # Again and again, for the first may come before the subscription.
            subprocess.run(
                ["mosquitto_pub", "-p", str(self.port), "-q", "1", "-t", "iotflow/mark",
                 "-m", json.dumps(mark)], check=True)
            time.sleep(0.05)

    def _gather(self):
        for line in self.process.stdout:
            payload = json.loads(line.split(" ", 1)[1])
            for record in payload if isinstance(payload, list) else [payload]:
                self.records.append(record)

    def taken(self):
        """What has arrived by now, without the marks."""
        return [record for record in list(self.records) if "mark" not in record]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Ledger:
    """What a sink received, by id: the first occurrences in order, and every contradiction."""

    def __init__(self, records):
        self.first = {}
        self.repeats = 0
        self.contradictions = []
        for record in records:
            known = self.first.setdefault(record["id"], record)
            if known is not record:
                self.repeats += 1
                if known != record:
                    self.contradictions.append((known, record))

    @staticmethod
    def sequence(record):
        return int(record["id"].rsplit("/", 1)[1])

    def of(self, kind, name=None):
        return [record for record in self.first.values()
                if record["kind"] == kind and (name is None or record["name"] == name)]

    @property
    def missing(self):
        """Numbers that no record has, between 1 and the largest."""
        numbers = {self.sequence(record) for record in self.first.values()}
        return sorted(set(range(1, max(numbers, default=0) + 1)) - numbers)

    @property
    def disorder(self):
        """Neighbours of one kind whose first occurrences came in the wrong order."""
        wrong = []
        last = {}
        for record in self.first.values():
            number = self.sequence(record)
            if number < last.get(record["kind"], 0):
                wrong.append(record["id"])
            last[record["kind"]] = number
        return wrong
