"""Clients that nobody here wrote: libcoap's coap-client and aiocoap, on IPv4 and IPv6."""

import asyncio
import json
import re

import aiocoap
import cbor2
from aiocoap import Code
from aiocoap.resource import Resource, Site

from conformance import building
from peers.checks import wait_for
from peers.coap import CBOR, GET, JSON, POST, Message, Peer
from peers.gateway import Gateway, Workspace, free_port, run

HOSTS = ["127.0.0.1", "::1"]


class CoapClient:
    """Debian's coap-client, which prints errors as `4.04 diagnostic`."""

    name = "coap-client"

    def __init__(self, gateway):
        self.gateway = gateway

    async def request(self, method, uri, payload=b"", format=None, accept=None, query=()):
        command = ["coap-client-notls", "-m", method, "-B", "10"]
        if payload:
            body = self.gateway.place / "payload"
            body.write_bytes(payload)
            command += ["-f", body]
        if format is not None:
            command += ["-t", format]
        if accept is not None:
            command += ["-A", accept]
        result = self.gateway.place / "response"
        result.unlink(missing_ok=True)
        uri += "?" + "&".join(query) if query else ""
        # -v 7 shows the messages, and so the code of a success.
        done = await asyncio.to_thread(run, *command, "-v", 7, "-o", result, uri)
        codes = re.findall(r"t:(?:ACK|CON|NON) c:(\d\.\d\d)", done.stdout + done.stderr)
        data = result.read_bytes() if result.exists() else b""
        if not data and (error := re.search(r"^\d\.\d\d (.*)$", done.stderr, re.MULTILINE)):
            data = error[1].encode()
        return (codes[-1] if codes else "none"), data


class AioCoap:
    name = "aiocoap"

    def __init__(self, context):
        self.context = context

    async def request(self, method, uri, payload=b"", format=None, accept=None, query=()):
        uri += "?" + "&".join(query) if query else ""
        message = aiocoap.Message(code=getattr(Code, method.upper()), uri=uri, payload=payload)
        if format is not None:
            message.opt.content_format = format
        if accept is not None:
            message.opt.accept = accept
        response = await asyncio.wait_for(self.context.request(message).response, 20)
        return response.code.dotted, response.payload


def all_clients(checks, seed):
    asyncio.run(_all_clients(checks))


async def _all_clients(checks):
    with Workspace() as place:
        gateway = Gateway(place, building.config())
        ports = {"127.0.0.1": gateway.port, "::1": free_port(host="::1")}
        gateway.listen.append(f"[::1]:{ports['::1']}")
        with gateway:
            context = await aiocoap.Context.create_client_context()
            devices = iter(f"room-{number:02}" for number in range(1, 41))
            for client in CoapClient(gateway), AioCoap(context):
                for host in HOSTS:
                    base = f"coap://{f'[{host}]' if ':' in host else host}:{ports[host]}"
                    who = f"{client.name} over {'IPv6' if ':' in host else 'IPv4'}"
                    await formats(checks, client, base, who, next(devices))
                    await discovery(checks, client, base, who)
                    await registration(checks, client, base, who, next(devices))
                    await errors(checks, client, base, who)
            await context.shutdown()


async def reported(client, base, device):
    """The twin's reported values, the same in JSON and in CBOR."""
    code, in_json = await client.request("get", f"{base}/twin/{device}", accept=JSON)
    code2, in_cbor = await client.request("get", f"{base}/twin/{device}", accept=CBOR)
    assert (code, code2) == ("2.05", "2.05"), (code, code2, in_json)
    one, other = json.loads(in_json)["reported"], cbor2.loads(in_cbor)["reported"]
    values = {name: half["value"] for name, half in one.items()}
    assert values == {name: half["value"] for name, half in other.items()}, (one, other)
    return values


async def formats(checks, client, base, who, device):
    value = 20.0
    for method in "put", "post":
        for name, format, payload in building.OF_ONE_PROPERTY:
            value += 0.25
            code, text = await client.request(
                method, f"{base}/telemetry/{device}/temperature", payload(value), format)
            found = await reported(client, base, device)
            checks.equal(f"{who}: {method} {name} of one property",
                         (code, found.get("temperature")), ("2.04", value))
        for name, format, payload in building.OF_SEVERAL:
            value += 0.25
            code, text = await client.request(
                method, f"{base}/telemetry/{device}", payload(value, value + 1), format)
            found = await reported(client, base, device)
            checks.equal(f"{who}: {method} {name} of two properties",
                         (code, found.get("temperature"), found.get("humidity")),
                         ("2.04", value, value + 1))


async def discovery(checks, client, base, who):
    code, links = await client.request("get", f"{base}/.well-known/core")
    checks.check(f"{who}: /.well-known/core lists telemetry, twins and registration",
                 code == "2.05" and all(f"<{path}>" in links.decode() for path in
                                        ("/telemetry", "/twin", "/rd")), (code, links))
    code, links = await client.request(
        "get", f"{base}/.well-known/core", query=["rt=iotflow.twin"])
    checks.check(f"{who}: /.well-known/core filters",
                 code == "2.05" and b"</twin>" in links and b"</rd>" not in links, (code, links))


async def registration(checks, client, base, who, device):
    code, _ = await client.request("post", f"{base}/rd", query=[f"ep={device}", "lt=300"])
    checks.equal(f"{who}: registers", code, "2.01")
    code, _ = await client.request("post", f"{base}/rd/{device}", query=["lt=600"])
    checks.equal(f"{who}: renews its registration", code, "2.04")
    code, _ = await client.request("delete", f"{base}/rd/{device}")
    checks.equal(f"{who}: takes its registration back", code, "2.02")


# Code, what it is for, method, path, payload, format, accept, part of the diagnostic payload.
ERRORS = [
    ("4.00", "broken JSON", "put", "telemetry/room-40/temperature", b"{", JSON, None, "payload"),
    ("4.00", "no value", "put", "telemetry/room-40/temperature", b"{}", JSON, None, "no value"),
    ("4.04", "an unknown device", "put", "telemetry/nobody/temperature", b"1", 0, None, "nobody"),
    ("4.04", "an unknown property", "put", "telemetry/room-40/temprature", b"1", 0, None,
     "did you mean temperature?"),
    ("4.04", "an unknown resource", "get", "nothing/here", b"", None, None, "nothing"),
    ("4.04", "an unknown twin", "get", "twin/nobody", b"", None, None, "nobody"),
    ("4.04", "an unknown endpoint", "post", "rd?ep=nobody", b"", None, None, "nobody"),
    ("4.00", "no endpoint", "post", "rd", b"", None, None, "ep"),
    ("4.05", "a method telemetry does not have", "get", "telemetry/room-40/temperature", b"",
     None, None, "PUT"),
    ("4.05", "a method a twin does not have", "delete", "twin/room-40", b"", None, None, "GET"),
    ("4.06", "a format a twin does not have", "get", "twin/room-40", b"", None, 41, "50"),
    ("4.13", "a large payload", "put", "telemetry/room-40/temperature", b"1" + b"0" * 1100, 0,
     None, "1024"),
    ("4.15", "a format that is no telemetry", "put", "telemetry/room-40/temperature", b"<a/>",
     41, None, "41"),
    ("4.22", "a value out of range", "put", "telemetry/room-40/temperature", b"1000", 0, None,
     "150"),
    ("4.22", "a value of another type", "put", "telemetry/room-40/temperature", b"warm", 0, None,
     ""),
    ("4.22", "an unknown unit", "put", "telemetry/room-40/temperature",
     b'{"value":1,"unit":"cubits"}', JSON, None, "cubits"),
]


async def errors(checks, client, base, who):
    for code, what, method, path, payload, format, accept, diagnostic in ERRORS:
        found, text = await client.request(
            method, f"{base}/{path}", payload, format=format, accept=accept)
        checks.check(f"{who}: {code} for {what}",
                     found == code and diagnostic.encode() in text and text,
                     f"{found} {text[-300:]!r}")


def unknown_option(checks, seed):
    with Workspace() as place, Gateway(place, building.config()) as gateway:
        peer = Peer(gateway.port)
        answer = peer.ask(POST, "telemetry/room-01/temperature", b"20", options=[(65001, b"x")])
        checks.equal("4.02 for an unknown critical option", answer.status, "4.02")
        answer = peer.ask(POST, "telemetry/room-01/temperature", b"20", options=[(65000, b"x")])
        checks.equal("an unknown elective option is ignored", answer.status, "2.04")


def unknown_devices(checks, seed):
    with Workspace() as place, Gateway(place, building.config(unknown=True)) as gateway:
        peer = Peer(gateway.port)
        answer = peer.ask(POST, "telemetry/stranger/noise", b"42")
        checks.equal("accept_unknown_devices: a stranger may send", answer.status, "2.04")
        twin = json.loads(peer.ask(GET, "twin/stranger").payload)
        checks.equal("accept_unknown_devices: it has a twin",
                     twin["reported"]["noise"]["value"], 42)
        gateway.kill()
        gateway.start()
        twin = json.loads(Peer(gateway.port).ask(GET, "twin/stranger").payload)
        checks.equal("accept_unknown_devices: and keeps it when the gateway is killed",
                     twin["reported"]["noise"]["value"], 42)


class Fan(Resource):
    def __init__(self):
        super().__init__()
        self.commands = []

    async def render_post(self, request):
        self.commands.append(cbor2.loads(request.payload))
        return aiocoap.Message(code=aiocoap.CHANGED)


def command_round_trip(checks, seed):
    asyncio.run(_command_round_trip(checks))


async def _command_round_trip(checks):
    with Workspace() as place, Gateway(
            place, building.config(uplinks=f"[{{type: file, path: {place}/up.ndjson}}]")
    ) as gateway:
        fan = Fan()
        site = Site()
        site.add_resource(["command", "set_speed"], fan)
        port = free_port()
        context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", port))
        client = AioCoap(context)
        base = f"coap://127.0.0.1:{gateway.port}"
        code, _ = await client.request("post", f"{base}/rd", query=["ep=fan-1", "lt=300"])
        checks.equal("aiocoap: a device registers the address it speaks from", code, "2.01")
        code, _ = await client.request("put", f"{base}/telemetry/room-01/temperature", b"95", 0)
        checks.equal("aiocoap: a hot reading is taken", code, "2.04")

        def is_done():
            return gateway.status()["commands"]["succeeded"] == 1
        await asyncio.to_thread(wait_for, "the command succeeds", is_done)
        checks.check("aiocoap: one command with id and parameters arrives",
                     len(fan.commands) == 1 and fan.commands[0]["speed"] == "high"
                     and re.fullmatch("[0-9a-f]{32}", fan.commands[0]["id"]), fan.commands)

        def records():
            path = place / "up.ndjson"
            found = [json.loads(line) for line in path.read_text().splitlines()] \
                if path.exists() else []
            return {record["kind"]: record for record in found} if len(found) >= 2 else None
        found = await asyncio.to_thread(wait_for, "the records are upstream", records)
        checks.equal("aiocoap: match and command are recorded upstream",
                     (found["match"]["name"], found["command"]["fields"]["state"],
                      found["command"]["fields"]["command_id"]),
                     ("too_hot", "succeeded", fan.commands[0]["id"]))
        await context.shutdown()
