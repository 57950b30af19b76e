"""Starts the gateway as a user would, and asks it."""

import json
import os
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IOTFLOWD = os.environ.get("IOTFLOWD") or str(ROOT / ".build/debug/iotflowd")
IOTFLOW = os.environ.get("IOTFLOW") or str(ROOT / ".build/debug/iotflow")


def free_port(kind=socket.SOCK_DGRAM, host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Workspace:
    """A directory that is removed in the end."""

    def __enter__(self):
        self.path = Path(tempfile.mkdtemp(prefix="iotflow-"))
        return self.path

    def __exit__(self, *_):
        if os.environ.get("IOTFLOW_TEST_KEEP"):
            print(f"kept: {self.path}")
        else:
            shutil.rmtree(self.path, ignore_errors=True)


class Gateway:
    """One gateway with its place, which may be started and killed again and again."""

    def __init__(self, place, config, *, host="127.0.0.1", port=None, environment=None):
        self.place = Path(place)
        self.place.mkdir(parents=True, exist_ok=True)
        self.config = self.place / "iotflow.yaml"
        self.config.write_text(config)
        self.data = self.place / "data"
        self.host = host
        self.port = port or free_port(host=host)
        self.listen = [f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"]
        self.environment = environment or {}
        self.log = self.place / "log"
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def spawn(self):
        """Starts the process and does not wait for it to be ready."""
        notify = self.place / "notify"
        notify.unlink(missing_ok=True)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(notify))
        command = [IOTFLOWD, "--config", str(self.config), "--data", str(self.data)]
        for address in self.listen:
            command += ["--listen", address]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                # A full disk is played by a limit on file sizes, which shall be an error only.
                preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                env={**os.environ, **self.environment, "NOTIFY_SOCKET": str(notify)})
        return self

    def start(self, seconds=20):
        self.spawn()
        self.wait_until_ready(seconds)
        return self

    def wait_until_ready(self, seconds=20):
        """Waits for what the service manager would be told."""
        deadline = time.monotonic() + seconds
        pidfd = os.pidfd_open(self.process.pid)
        try:
            while True:
                left = deadline - time.monotonic()
                readable = select.select([self.notify, pidfd], [], [], max(0, left))[0]
                if self.notify in readable:
                    if b"READY=1" in self.notify.recv(4096):
                        return
                elif pidfd in readable:
                    raise RuntimeError(f"the gateway ended:\n{self.log_text()[-2000:]}")
                elif left <= 0:
                    raise TimeoutError(f"the gateway is not ready after {seconds} s")
        finally:
            os.close(pidfd)

    def limit_files(self, size=resource.RLIM_INFINITY):
        """No file can be written beyond `size` bytes."""
        hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self):
        """kill -9, and waits until it is gone."""
        self._end(signal.SIGKILL)

    def stop(self):
        """SIGTERM; returns the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self.notify.close()
        self.process = None
        return status

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def ask(self, *words):
        """`iotflow WORDS --data DIR --json`, decoded."""
        result = run(IOTFLOW, *words, "--data", str(self.data), "--json")
        if result.returncode != 0:
            raise RuntimeError(f"iotflow {' '.join(words)}: {result.stderr}")
        return json.loads(result.stdout)

    def status(self):
        return self.ask("status")

    def twin(self, device):
        return self.ask("twin", "get", device)


def run(*command, seconds=60, **options):
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=seconds,
        stdin=subprocess.DEVNULL, **options)
