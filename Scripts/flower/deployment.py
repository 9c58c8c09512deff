"""Flower on this machine: a SuperLink, its SuperNodes and the apps beside them, with everything ended at the end.

Used by Scripts/flower-demo and Scripts/flower-test, whose common part in sh makes the environment and the programs.
Everything listens on 127.0.0.1 alone, on ports that were free. With other addresses the same commands make a federation of
several machines.
"""

import contextlib
import importlib.metadata
import json
import os
import pathlib
import random
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
APP = ROOT / "Flower" / "Sources" / "FlowerClient" / "app"
PYTHON_APP = ROOT / "Scripts" / "flower" / "python"
# The seconds that anything that takes a few may take: machines do other things as well.
PATIENCE = 180


class Failed(Exception):
    """Something did not come about; the text is one sentence."""


def rounds_of(run):
    """The lines of the run's rounds.jsonl that are there so far."""
    file = pathlib.Path(run) / "rounds.jsonl"
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    # The last line may be half written.
    return [json.loads(line) for line in lines if line.endswith("\n")]


def endings():
    """Lets SIGTERM and SIGHUP end this program as Ctrl-C does: with everything that it started."""

    def end(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


class Process:
    """A program in a process group of its own, whose output goes to a file."""

    def __init__(self, name, command, log, environment):
        self.name, self.log = name, log
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as output:
            self.popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )

    @property
    def running(self):
        return self.popen.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def wait(self, seconds):
        """The exit code, negative for a signal."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {seconds:g} s") from None

    def signal(self, number):
        """To all of the group: what the program started ends with it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, number)


def wait_until(condition, seconds, what, *needed):
    """Polls until the condition holds, and fails in time, or as soon as a process that is needed has ended."""
    end = time.monotonic() + seconds
    while not condition():
        for process in needed:
            if not process.running:
                raise Failed(f"{process.name} ended with exit code {process.popen.returncode} before {what}")
        if time.monotonic() > end:
            raise Failed(f"{what} did not come about within {seconds:g} s")
        time.sleep(0.1)


def is_free(port):
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Workplace:
    """A folder for keys, logs and what else is needed, and the processes that may not outlive it."""

    def __init__(self, folder, programs, logs=None):
        self.folder = pathlib.Path(folder)
        self.programs = pathlib.Path(programs)
        self.logs = pathlib.Path(logs) if logs else self.folder / "logs"
        self.flower = pathlib.Path(sys.executable).parent
        self.ports = []
        self._processes, self._lock, self._closed = [], threading.Lock(), False
        self.home = self.folder / "flwr"
        self.home.mkdir(parents=True)
        self.environment = os.environ | {
            "FLWR_HOME": str(self.home),
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            # A SuperNode then logs every message that its app takes.
            "FLWR_LOG_LEVEL": "DEBUG",
            "PATH": f"{self.flower}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # A second Ctrl-C would leave processes behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        with self._lock:
            self._closed = True
        self.stop(*self._processes)

    def port(self):
        """A port that nobody listens on, below those that systems give to outgoing connections."""
        with self._lock:
            candidates = (random.randrange(15000, 32000) for _ in range(1000))
            port = next(port for port in candidates if port not in self.ports and is_free(port))
            self.ports.append(port)
        return port

    def start(self, name, command, log):
        """Starts a program whose output goes to a file, which is continued if it exists."""
        with self._lock:
            if self._closed:
                raise Failed("everything is being ended")
            process = Process(name, command, log, self.environment)
            self._processes.append(process)
        return process

    def call(self, *command, seconds=PATIENCE):
        """Runs a program to its end and returns its exit code and what it printed."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            process = self.start(pathlib.Path(command[0]).name, command, pathlib.Path(folder) / "output")
            try:
                code = process.wait(seconds)
                return code, process.text()
            finally:
                self.stop(process)

    def program(self, name):
        """A program of this package."""
        path = self.programs / name
        if not path.is_file():
            raise Failed(f"{path} does not exist")
        return path

    def stop(self, *processes):
        """Ends processes in the opposite order of their start, all but SuperLinks at once, and waits for them."""
        for last in (False, True):
            # Not those that have ended: their number may be another's by now.
            wave = [p for p in reversed(processes) if p.running and p.name.startswith("superlink") == last]
            for process in wave:
                process.signal(signal.SIGTERM)
            end = time.monotonic() + 10
            for process in wave:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.popen.wait(max(0.1, end - time.monotonic()))
                # Also what the process started and left behind.
                process.signal(signal.SIGKILL)
                process.popen.wait()
        with self._lock:
            self._processes = [process for process in self._processes if process not in processes]

    def busy_ports(self):
        """The ports of this workplace on which somebody still listens."""
        return [port for port in self.ports if not is_free(port)]


def make_certificates(folder):
    """A private authority, `ca.crt`, and a certificate for 127.0.0.1 and localhost that it signed."""
    folder.mkdir(parents=True)
    (folder / "openssl.cnf").write_text(
        "[req]\nprompt = no\ndistinguished_name = name\n"
        "[name]\nCN = federated-contrastive\n"
        "[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n"
        "subjectKeyIdentifier = hash\n"
        "[server]\nbasicConstraints = CA:FALSE\nextendedKeyUsage = serverAuth\n"
        "subjectAltName = IP:127.0.0.1, DNS:localhost\n"
    )

    def openssl(*arguments):
        command = ["openssl", *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")

    for name in ("ca", "server"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    configuration = ["-config", "openssl.cnf"]
    openssl("req", "-x509", "-new", *configuration, "-extensions", "ca", "-key", "ca.key", "-days", "7",
            "-sha256", "-out", "ca.crt")
    openssl("req", "-new", *configuration, "-key", "server.key", "-subj", "/CN=localhost", "-out", "server.csr")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", "1",
            "-days", "7", "-sha256", "-extfile", "openssl.cnf", "-extensions", "server", "-out", "server.crt")


class Deployment:
    """One SuperLink, plain or secured, its SuperNodes and the apps beside them.

    Secured means TLS with a private authority, nodes that are registered by their keys, and a secret without which no
    program gets a task, neither from the SuperLink nor from a SuperNode.
    """

    def __init__(self, workplace, name, secured):
        self.workplace, self.name, self.secured = workplace, name, secured
        # Where logs go from now on.
        self.logs = workplace.logs
        self.processes = []
        self.keys = workplace.folder / f"keys-{name}"
        self.port = workplace.port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if secured else 'http'}://{self.address}"
        self.authority, self.secret = self.keys / "ca.crt", self.keys / "secret"
        if secured:
            make_certificates(self.keys)
            self.secret.write_bytes(secrets.token_bytes(32))
            self.secret.chmod(0o600)
        # Nodes have a port of their own up to 1.39.
        minor = int(importlib.metadata.version("flwr").split(".")[1])
        self.fleet = f"127.0.0.1:{workplace.port()}" if minor < 40 else self.address
        # Where `flwr` finds the SuperLink by its name.
        trust = f'root-certificates = "{self.authority}"' if secured else "insecure = true"
        with open(workplace.home / "config.toml", "a") as file:
            file.write(f'[superlink.{name}]\naddress = "{self.address}"\n{trust}\n')
        self.superlink, self.registered = None, set()

    # The engine

    def start(self):
        """Starts the SuperLink and waits until it answers. What an earlier one knew, this one does not."""
        self.registered.clear()
        security = ["--insecure"]
        if self.secured:
            security = ["--ssl-certfile", self.keys / "server.crt", "--ssl-keyfile", self.keys / "server.key",
                        "--ssl-ca-certfile", self.authority, "--enable-supernode-auth",
                        "--superexec-auth-secret-file", self.secret]
        if self.fleet != self.address:
            security += ["--fleet-api-address", self.fleet]
        self.superlink = self._start(
            "superlink", self.workplace.flower / "flower-superlink", *security, "--isolation", "process",
            "--host", "127.0.0.1", "--port", self.port, "--disable-runtime-dependency-installation")
        wait_until(lambda: self._answers(self.url), PATIENCE, "an answer of the SuperLink", self.superlink)

    def proxy(self):
        """Starts nginx before the SuperLink, with what a coordinator shows to hospitals, and returns its address."""
        folder, port = self.workplace.folder / f"nginx-{self.name}", self.workplace.port()
        folder.mkdir()
        configuration = (ROOT / "Scripts" / "flower" / "nginx.conf").read_text()
        words = {"FOLDER": folder, "PORT": port, "KEYS": self.keys, "SUPERLINK": f"https://{self.fleet}"}
        # Not in comments.
        lines = [line for line in configuration.splitlines() if not line.lstrip().startswith("#")]
        text = re.sub("|".join(words), lambda word: str(words[word[0]]), "\n".join(lines))
        (folder / "nginx.conf").write_text(text + "\n")
        process = self._start("nginx", shutil.which("nginx"), "-p", folder, "-c", folder / "nginx.conf")
        address = f"127.0.0.1:{port}"
        wait_until(lambda: self.reply(f"https://{address}/") is not None, 30, "an answer of nginx", process)
        return process, address

    def supernode(self, name, superlink=None, **configuration):
        """Starts a SuperNode; `partition_id=0` becomes `partition-id=0` in its configuration."""
        security = ["--insecure"]
        if self.secured:
            key = self.keys / f"node-{name}"
            if not key.exists():
                code, text = self.workplace.call(
                    "ssh-keygen", "-q", "-t", "ecdsa", "-b", "384", "-N", "", "-C", "", "-f", key)
                if code != 0:
                    raise Failed(f"ssh-keygen: {text.strip()}")
            if key not in self.registered:
                self.flwr("supernode", "register", f"{key}.pub")
                self.registered.add(key)
            security = ["--root-certificates", self.authority, "--auth-supernode-private-key", key,
                        "--superexec-auth-secret-file", self.secret]
        words = [f"{key.replace('_', '-')}={json.dumps(value)}" for key, value in configuration.items()]
        port = self.workplace.port()
        node = self._start(
            f"supernode-{name}", self.workplace.flower / "flower-supernode", *security,
            "--superlink", superlink or self.fleet, "--isolation", "process", "--host", "127.0.0.1", "--port", port, "--node-config", " ".join(words))
        node.url = f"http://127.0.0.1:{port}"
        return node

    def await_supernode(self, node):
        wait_until(lambda: self._answers(node.url), PATIENCE, "an answer of the SuperNode", node, self.superlink)

    def stop(self, *processes):
        """Ends these processes, or all."""
        processes = processes or self.processes
        self.workplace.stop(*processes)
        self.processes = [process for process in self.processes if process not in processes]

    def _start(self, name, *command):
        process = self.workplace.start(name, command, self.logs / f"{name}.log")
        self.processes.append(process)
        return process

    def _answers(self, url):
        return self.reply(f"{url}/health") == 200

    def reply(self, url, body=None):
        """The status of the reply; `None` if there is none."""
        request = urllib.request.Request(url, data=body, headers={"content-type": "application/protobuf"})
        try:
            context = self._trust if url.startswith("https") else None
            with urllib.request.urlopen(request, timeout=2, context=context) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    @property
    def _trust(self):
        return ssl.create_default_context(cafile=self.authority) if self.secured else None

    # Apps

    def client(self, name, node, *options, secret=None):
        """A site of this package at its SuperNode, whose Runtime API has no TLS: both are on one machine."""
        security = ["--superexec-secret", secret or self.secret] if self.secured else []
        return self._start(
            f"client-{name}", self.workplace.program("FlowerClient"), "--runtime", node.url, *security, *options)

    def check(self, address, *options):
        """What `FlowerClient check` finds at an address, and its exit code."""
        security = ["--superexec-secret", self.secret] if self.secured else []
        command = [self.workplace.program("FlowerClient"), "check", "--runtime", address, *security, *options]
        return subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)

    def server(self, action, *options, authority=None, secret=None):
        """The coordinator of this package at the SuperLink."""
        security = []
        if self.secured:
            security = ["--ca", authority or self.authority, "--superexec-secret", secret or self.secret]
        return self._start(
            "server", self.workplace.program("FlowerServer"), action, "--runtime", self.url, *security, *options)

    def python_client(self, name, node):
        """Flower's own way of running the app's client in Python."""
        return self._superexec(f"python-client-{name}", node.url, [])

    def python_server(self):
        """Flower's own way of running the app's server in Python."""
        return self._superexec("python-server", self.url, ["--root-certificates", self.authority])

    def _superexec(self, name, url, trust):
        scheme, address = url.split("://")
        security = trust if scheme == "https" else ["--insecure"]
        if self.secured:
            security = [*security, "--superexec-auth-secret-file", self.secret]
        return self._start(
            name, self.workplace.flower / "flower-superexec", *security, "--runtime-api-address", address)

    # Runs

    def flwr(self, *arguments):
        """Runs `flwr` and returns its answer. Its exit code is 0 whatever happens; the answer tells."""
        _, text = self.workplace.call(self.workplace.flower / "flwr", *arguments, self.name, "--format", "json")
        try:
            answer = json.loads(text[text.index("{"): text.rindex("}") + 1])
        except ValueError:
            raise Failed(f"flwr {arguments[0]} printed no JSON: {text.strip()}") from None
        if not answer.get("success"):
            raise Failed(f"flwr {arguments[0]}: {answer.get('error-message', 'failed').strip()}")
        return answer

    def submit(self, app=APP, **configuration):
        """Submits a run and returns its number."""
        words = [f"--run-config={key.replace('_', '-')}={json.dumps(value)}" for key, value in configuration.items()]
        return self.flwr("run", app, *words)["run-id"]

    def status(self, run):
        """`pending`, `starting`, `running`, `finished:completed`, `finished:failed` or `finished:stopped`."""
        return self.flwr("list", "--run-id", run)["runs"][0]["status"]

    def stop_run(self, run):
        self.flwr("stop", run)

    def stop_run_at_once(self, run):
        """What `flwr stop` does, which takes more than a second to start."""
        from flwr.proto.control_pb2 import StopRunRequest

        request = urllib.request.Request(
            f"{self.url}/v1/control/stop-run", data=StopRunRequest(run_id=int(run)).SerializeToString(),
            headers={"content-type": "application/protobuf", "accept": "application/protobuf"})
        with urllib.request.urlopen(request, timeout=10, context=self._trust):
            pass

    def log(self, run):
        """What the run's server in Python printed."""
        return self.workplace.call(self.workplace.flower / "flwr", "log", run, self.name, "--show")[1]
