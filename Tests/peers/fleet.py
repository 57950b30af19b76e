"""Devices that keep books: each sends confirmable packs of readings and knows which were taken.

A device has one request under way and repeats it, under its message id, until it is answered
(RFC 7252 section 4.2). Event time runs far ahead of the clock, so that windows close often.
"""

import random
import select
import time
from collections import defaultdict

import cbor2

from peers.coap import CHANGED, POST, SENML_CBOR, Peer, message

WINDOW = 60
REPEAT_AFTER = 0.15
# No device runs further ahead of the slowest than this, in seconds of event time.
LEAD = 120
SERVICE_UNAVAILABLE = 0xA3


class Device:
    def __init__(self, name, port, start, random):
        self.name = name
        self.peer = Peer(port)
        self.random = random
        self.clock = start
        self.mid = random.randrange(0x10000)
        self.datagram = None
        self.due = 0.0
        self.sent = []
        # Everything that was acknowledged: (time, value).
        self.taken = []
        self.repeats = 0
        # The gateway process that the request under way was first sent to.
        self.first_life = 0
        # Requests first sent to one process and acknowledged by another.
        self.carried_over = 0
        # The processes that acknowledged a window's readings.
        self.lives = defaultdict(set)

    def compose(self, readings=4, step=5, hot=0.02):
        """The next pack."""
        self.sent = []
        for _ in range(readings):
            self.clock += step
            value = round(self.random.uniform(-20, 60), 3)
            if self.random.random() < hot:
                value = round(self.random.uniform(91, 99), 3)
            self.sent.append((self.clock, value))
        self.encode()

    def encode(self):
        base = self.sent[0][0]
        pack = [{-2: "temperature", -3: base, 2: self.sent[0][1]}]
        pack += [{6: when - base, 2: value} for when, value in self.sent[1:]]
        self.mid = (self.mid + 1) & 0xFFFF
        self.datagram = message(
            POST, f"telemetry/{self.name}", cbor2.dumps(pack), mid=self.mid,
            token=self.mid.to_bytes(2, "big"), format=SENML_CBOR)
        self.due = 0.0

    def transmit(self, now, life):
        if self.due:
            self.repeats += 1
        else:
            self.first_life = life
        self.due = now + REPEAT_AFTER
        self.peer.send(self.datagram)

    def receive(self, life):
        """Takes what has arrived from the gateway's process of that number."""
        while (answer := self.peer.receive(0)) is not None:
            if self.datagram is None or answer.mid != self.mid:
                continue
            if answer.code == CHANGED:
                self.taken += self.sent
                self.datagram = None
                self.carried_over += self.first_life != life
                for when, _ in self.sent:
                    self.lives[when // WINDOW].add(life)
            elif answer.code == SERVICE_UNAVAILABLE:
                # Not taken; what comes next is another request.
                self.encode()
                self.due = time.monotonic() + REPEAT_AFTER
            else:
                raise AssertionError(f"{self.name}: {answer.status} {answer.payload!r}")


class Fleet:
    def __init__(self, names, port, start, seed):
        # Counts the processes that the gateway has been.
        self.life = 0
        self.devices = [Device(name, port, start, random.Random(f"{seed} {name}"))
                        for name in names]
        self.poll = select.poll()
        self.by_fd = {}
        for device in self.devices:
            self.poll.register(device.peer.socket, select.POLLIN)
            self.by_fd[device.peer.socket.fileno()] = device

    def run(self, seconds=None, until=None, sends=True):
        """Lets the devices work for a time; without `sends` only what is under way is finished."""
        deadline = time.monotonic() + (seconds if seconds is not None else 60)
        while (now := time.monotonic()) < deadline:
            slowest = min(device.clock for device in self.devices)
            for device in self.devices:
                if device.datagram is None and sends and device.clock - slowest < LEAD:
                    device.compose()
                if device.datagram is not None and device.due <= now:
                    device.transmit(now, self.life)
            if not sends and all(device.datagram is None for device in self.devices):
                return True
            if until is not None and until():
                return True
            for fd, _ in self.poll.poll(5):
                self.by_fd[fd].receive(self.life)
        return False

    def finish(self, seconds=60):
        """Waits until everything that is under way is acknowledged."""
        if not self.run(seconds, sends=False):
            raise TimeoutError("the gateway does not answer what is under way")

    def close_windows(self):
        """One more reading of each device, an hour later, lets every window before it close."""
        last = max(device.clock for device in self.devices)
        self.sentinel = last + 3600
        for device in self.devices:
            device.sent = [(self.sentinel, 0.0)]
            device.clock = self.sentinel
            device.encode()
        self.finish()

    @property
    def carried_over(self):
        return sum(device.carried_over for device in self.devices)

    @property
    def cut_windows(self):
        """Windows whose readings were acknowledged by more than one process."""
        return sum(len(lives) > 1 for device in self.devices for lives in device.lives.values())

    @property
    def readings(self):
        return sum(len(device.taken) for device in self.devices)

    def windows(self):
        """(device, start) to the values of each window that must be closed by now."""
        windows = defaultdict(list)
        for device in self.devices:
            for when, value in device.taken:
                if when < self.sentinel:
                    windows[device.name, when // WINDOW * WINDOW].append(value)
        return windows
