"""CoAP messages byte by byte (RFC 7252 section 3), so that tests can also send wrong ones."""

import select
import socket
import struct
import time

CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE = range(1, 5)
URI_PATH, CONTENT_FORMAT, MAX_AGE, URI_QUERY, ACCEPT = 11, 12, 14, 15, 17
CREATED, DELETED, CHANGED, CONTENT = 0x41, 0x42, 0x44, 0x45
TEXT, LINK, JSON, CBOR, SENML_JSON, SENML_CBOR = 0, 40, 50, 60, 110, 112


def extended(number):
    """The nibble of a delta or a length, and the bytes that follow for it."""
    if number < 13:
        return number, b""
    if number < 269:
        return 13, bytes([number - 13])
    return 14, struct.pack("!H", number - 269)


def option(delta, value):
    first, first_more = extended(delta)
    second, second_more = extended(len(value))
    return bytes([first << 4 | second]) + first_more + second_more + value


def uint(number):
    """The shortest form of an unsigned option value."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def message(code, path="", payload=b"", *, kind=CON, mid=0, token=b"", format=None, accept=None,
            query=(), options=()):
    """A request, or a response where `code` is one."""
    found = [(URI_PATH, part.encode()) for part in path.split("/") if part]
    found += [(URI_QUERY, part.encode()) for part in query]
    if format is not None:
        found.append((CONTENT_FORMAT, uint(format)))
    if accept is not None:
        found.append((ACCEPT, uint(accept)))
    found += list(options)
    data = bytes([0x40 | kind << 4 | len(token), code]) + struct.pack("!H", mid) + token
    last = 0
    for number, value in sorted(found, key=lambda entry: entry[0]):
        data += option(number - last, value)
        last = number
    return data + (b"\xff" + payload if payload else b"")


class Message:
    """A message that was received."""

    def __init__(self, data):
        first, self.code, self.mid = struct.unpack("!BBH", data[:4])
        self.kind = first >> 4 & 3
        end = 4 + (first & 15)
        self.token = data[4:end]
        self.options = []
        number = 0
        while end < len(data) and data[end] != 0xFF:
            head = data[end]
            end += 1
            delta, end = self._extended(head >> 4, data, end)
            length, end = self._extended(head & 15, data, end)
            number += delta
            self.options.append((number, data[end:end + length]))
            end += length
        self.payload = data[end + 1:]

    @staticmethod
    def _extended(nibble, data, at):
        if nibble == 13:
            return data[at] + 13, at + 1
        if nibble == 14:
            return struct.unpack("!H", data[at:at + 2])[0] + 269, at + 2
        return nibble, at

    @property
    def status(self):
        """As in the specifications: 2.04."""
        return f"{self.code >> 5}.{self.code & 31:02}"

    @property
    def path(self):
        return "/".join(value.decode() for number, value in self.options if number == URI_PATH)

    def number(self, wanted):
        """The value of an unsigned option, None without it."""
        for number, value in self.options:
            if number == wanted:
                return int.from_bytes(value, "big")
        return None


class Peer:
    """One device's socket: asks, repeats what is not answered, and tells repeats from answers."""

    def __init__(self, port, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.connect((host, port))
        self.socket.setblocking(False)
        self.mid = 1000

    def close(self):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.send(data)
        except OSError:
            pass  # Refused or too large: as good as lost.

    def receive(self, seconds):
        """The next datagram's message, None when there is none in time."""
        deadline = time.monotonic() + seconds
        while True:
            wait = max(0.0, deadline - time.monotonic())
            if not select.select([self.socket], [], [], wait)[0]:
                return None
            try:
                return Message(self.socket.recv(65_536))
            except OSError:
                continue

    def ask(self, code, path="", payload=b"", *, seconds=10, **terms):
        """Sends a confirmable request until it is answered (section 4.2)."""
        self.mid = (self.mid + 1) & 0xFFFF
        token = struct.pack("!H", self.mid)
        return self.exchange(
            message(code, path, payload, mid=self.mid, token=token, **terms), self.mid, seconds)

    def exchange(self, data, mid, seconds=10):
        deadline = time.monotonic() + seconds
        wait = 2.5
        while time.monotonic() < deadline:
            self.send(data)
            until = min(deadline, time.monotonic() + wait)
            while (left := until - time.monotonic()) > 0:
                answer = self.receive(left)
                if answer is not None and answer.mid == mid and answer.kind in (ACK, RST):
                    return answer
            wait *= 2
        return None
