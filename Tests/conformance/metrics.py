"""What Prometheus would scrape."""

import http.client
import socket

from conformance import building
from peers.coap import POST, Peer
from peers.gateway import Gateway, Workspace, free_port


def scrape(checks, seed):
    port = free_port(socket.SOCK_STREAM)
    config = building.config().replace(
        "gateway:", f'gateway:\n  metrics: {{listen: "127.0.0.1:{port}"}}', 1)
    with Workspace() as place, Gateway(place, config) as gateway:
        peer = Peer(gateway.port)
        peer.ask(POST, "telemetry/room-01/count", b"1")
        peer.ask(POST, "telemetry/nobody/count", b"1")
        status, body = get(port, "/metrics")
        lines = body.splitlines()
        checks.equal("metrics: they are there", status, 200)
        checks.check("metrics: what was taken and refused is counted",
                     "iotflow_intake_readings 1" in lines
                     and 'iotflow_intake_refused{reason="unknown_device"} 1' in lines, body[:500])
        names = [line.split("{")[0].split(" ")[0] for line in lines]
        groups = [name for index, name in enumerate(names) if names[index - 1:index] != [name]]
        checks.equal("metrics: each is one group of lines", len(set(groups)), len(groups))
        checks.equal("metrics: nothing else is served", get(port, "/")[0], 404)


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read().decode()
