"""Twins as aiocoap reads, observes and patches them."""

import asyncio
import json
import socket
import time

import aiocoap
import cbor2
from aiocoap import Code

from conformance import building
from peers.checks import print_histogram
from peers.coap import CBOR, JSON, SENML_CBOR, SENML_JSON
from peers.gateway import Gateway, Workspace

MERGE_PATCH, ETCH_JSON, ETCH_CBOR = 52, 320, 322


def resources(checks, seed):
    asyncio.run(_with_gateway(_resources, checks))


def observation(checks, seed):
    asyncio.run(_with_gateway(_observation, checks))


def visibility(checks, seed):
    asyncio.run(_with_gateway(_visibility, checks))


async def _with_gateway(body, checks):
    with Workspace() as place:
        gateway = Gateway(place, building.config())
        with gateway:
            context = await aiocoap.Context.create_client_context()
            try:
                await body(checks, gateway, context, f"coap://127.0.0.1:{gateway.port}")
            finally:
                await context.shutdown()


async def ask(context, code, uri, payload=b"", *, format=None, accept=None, etags=(), if_match=(),
              if_none_match=False):
    message = aiocoap.Message(code=code, uri=uri, payload=payload)
    if format is not None:
        message.opt.content_format = format
    if accept is not None:
        message.opt.accept = accept
    message.opt.etags = list(etags)
    message.opt.if_match = list(if_match)
    message.opt.if_none_match = if_none_match
    return await asyncio.wait_for(context.request(message).response, 20)


def dotted(response):
    return response.code.dotted


async def _resources(checks, gateway, context, base):
    telemetry, twin = f"{base}/telemetry/room-01/temperature", f"{base}/twin/room-01"
    desired = f"{twin}/desired"
    await ask(context, Code.PUT, telemetry, b"21.5")
    for path, accept, read in [
        (twin, JSON, lambda body: json.loads(body)["reported"]["temperature"]["value"]),
        (twin, CBOR, lambda body: cbor2.loads(body)["reported"]["temperature"]["value"]),
        (twin, SENML_JSON, lambda body: json.loads(body)[0]["v"]),
        (twin, SENML_CBOR, lambda body: cbor2.loads(body)[0][2]),
        (f"{twin}/temperature", JSON, lambda body: json.loads(body)["reported"]["value"]),
    ]:
        response = await ask(context, Code.GET, path, accept=accept)
        checks.equal(f"GET {path[len(base):]} as {accept}",
                     (dotted(response), read(response.payload)), ("2.05", 21.5))
    etag = (await ask(context, Code.GET, twin)).opt.etag
    checks.equal("an ETag has 8 bytes", len(etag), 8)
    response = await ask(context, Code.GET, twin, etags=[b"\x01", etag])
    checks.equal("GET with its ETag", (dotted(response), response.payload), ("2.03", b""))
    await ask(context, Code.PUT, telemetry, b"22")
    response = await ask(context, Code.GET, twin, etags=[etag])
    checks.equal("GET with a stale ETag", dotted(response), "2.05")

    first = await ask(context, Code.PATCH, desired, b'{"setpoint": 20}', format=MERGE_PATCH,
                      if_none_match=True)
    checks.equal("PATCH of a first wish", dotted(first), "2.04")
    stale = await ask(context, Code.PATCH, desired, b'{"setpoint": 21}', format=MERGE_PATCH,
                      if_match=[b"12345678"])
    value = json.loads(stale.payload)["desired"]["setpoint"]["value"]
    checks.equal("PATCH with a stale If-Match", (dotted(stale), value), ("4.12", 20))
    for name, code, format, payload, expected in [
        ("merge patch", Code.PATCH, MERGE_PATCH, b'{"setpoint": 21}', 21),
        ("a CBOR map", Code.iPATCH, CBOR, cbor2.dumps({"setpoint": 22}), 22),
        ("SenML-ETCH in JSON", Code.iPATCH, ETCH_JSON, b'[{"n": "setpoint", "v": 23}]', 23),
        ("SenML-ETCH in CBOR", Code.PATCH, ETCH_CBOR, cbor2.dumps([{0: "setpoint", 2: 24}]), 24),
        ("null", Code.PATCH, MERGE_PATCH, b'{"setpoint": null}', None),
    ]:
        etag = (await ask(context, Code.GET, desired)).opt.etag
        response = await ask(context, code, desired, payload, format=format, if_match=[etag])
        found = json.loads((await ask(context, Code.GET, desired)).payload)["desired"]
        checks.equal(f"a wish as {name}", (dotted(response), found.get("setpoint", {}).get("value")),
                     ("2.04", expected))
    for name, payload, code in [
        ("of the wrong type", b'{"setpoint": "warm"}', "4.22"),
        ("out of range", b'{"setpoint": 99}', "4.22"),
        ("of no property", b'{"set": 20}', "4.04"),
        ("of what is not writable", b'{"temperature": 20}', "4.22"),
    ]:
        response = await ask(context, Code.PATCH, desired, payload, format=MERGE_PATCH)
        checks.check(f"a wish {name} is {code} with a reason",
                     dotted(response) == code and response.payload, dotted(response))
    response = await ask(context, Code.PATCH, desired, b'[{"n": "setpoint", "v": 20, "u": "W"}]',
                         format=ETCH_JSON)
    checks.equal("a wish in the wrong unit", dotted(response), "4.22")


async def _observation(checks, gateway, context, base):
    request = context.request(aiocoap.Message(
        code=Code.GET, uri=f"{base}/twin/room-02/temperature", observe=0))
    await asyncio.wait_for(request.response, 20)
    notifications = aiter(request.observation)
    for value in range(20, 70):
        await ask(context, Code.PUT, f"{base}/telemetry/room-02/temperature", str(value).encode())
        told = await asyncio.wait_for(anext(notifications), 20)
        found = json.loads(told.payload)["reported"]["value"]
        if not checks.equal("an observer is told of each change", found, float(value)):
            break
    observers = gateway.status()["coap"]["observers"]
    checks.equal("notifications", observers["notifications"], 50)


async def _visibility(checks, gateway, context, base):
    """From sending a value to being told of it."""
    request = context.request(aiocoap.Message(
        code=Code.GET, uri=f"{base}/twin/room-03/temperature", observe=0))
    await asyncio.wait_for(request.response, 20)
    notifications = aiter(request.observation)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.connect(("127.0.0.1", gateway.port))
    milliseconds = []
    for number in range(500):
        message = aiocoap.Message(
            mtype=aiocoap.NON, code=Code.PUT, mid=number, token=b"\x01",
            payload=str(20 + number / 100).encode())
        message.opt.uri_path = ("telemetry", "room-03", "temperature")
        started = time.perf_counter()
        sender.send(message.encode())
        await asyncio.wait_for(anext(notifications), 20)
        milliseconds.append((time.perf_counter() - started) * 1000)
    print_histogram("twin visibility to an observer", milliseconds)
    checks.equal("values told", len(milliseconds), 500)
