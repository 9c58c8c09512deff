"""The cases of Scripts/flower-test. Each has a comment of one line, which --list prints, and fails by an exception.

Cases wait for Flower most of the time, so there are three lanes at once, each with a SuperLink. Sites are started for a
case and ended after it.
"""

import contextlib
import json
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import threading
import time

from deployment import (
    APP, PATIENCE, PYTHON_APP, Deployment, Failed, Workplace, endings, make_certificates, rounds_of, wait_until)

# Small enough that Flower's 3 s between two messages are what takes time.
SHAPE = ["--rounds", 2, "--width", 2, "--size", 32, "--spacing", 6, "--feature-dimension", 8, "--seed", 7]
FCL = ["--method", "fcl", *SHAPE]
SIMCLR = ["--method", "fedSimCLR", *SHAPE]
ONCE = ["--method", "fedSimCLR", "--rounds", 1, *SHAPE[2:]]
PATIENTS = 6
# A run of two rounds takes 25 s; this is for machines that do other things as well.
RUN_SECONDS = 400

CASES = {}


def case(name, lane):
    def register(function):
        CASES[name] = (lane, function)
        return function

    return register


def check(condition, otherwise):
    if not condition:
        raise Failed(otherwise)


def weights(file):
    """What a safetensors file holds but for its description: the place and shape of each array, and all bytes."""
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    return header, data[8 + length:]


def last_line(process):
    lines = process.text().strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


class Skipped(Exception):
    """Something that a case needs is not on this machine; the text says what."""


class Shared:
    """What is computed once for all lanes."""

    def __init__(self, workplace):
        self.workplace = workplace
        self._lock = threading.Lock()
        self._reference = None

    def call(self, program, *options):
        """Runs a program of the package to its end."""
        code, text = self.workplace.call(self.workplace.program(program), *options, seconds=RUN_SECONDS)
        check(code == 0, f"{program} ended with exit code {code}: {text.strip()}")

    @property
    def data(self):
        """A folder of patients."""
        folder = self.workplace.folder / "phantoms"
        with self._lock:
            if not folder.exists():
                self.call("MakePhantoms", "--output", folder, "--patients", PATIENTS, "--seed", 3, "--quiet")
        return folder / "training"

    @property
    def reference(self):
        """The run of FCL with two sites in one process."""
        data = self.data
        with self._lock:
            if self._reference is None:
                run = self.workplace.folder / "reference"
                self.call("ACDCPretrain", "--data", data, "--clients", 2, *FCL, "--output", run, "--quiet")
                self._reference = run
        return self._reference


class Suite:
    """What the cases of a lane work with."""

    def __init__(self, shared, name):
        self.shared, self.workplace = shared, shared.workplace
        self.flower = Deployment(self.workplace, name, secured=name == "secured")

    def enter(self, name):
        """Begins a case, with a SuperLink."""
        self.folder = self.workplace.folder / "cases" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.flower.logs = self.workplace.logs / name
        if self.flower.superlink is None or not self.flower.superlink.running:
            self.flower.start()

    @contextlib.contextmanager
    def sites(self, count, python=(), settings=None, superlink=None):
        """`count` clients of the package that share the patients of one folder, and one in Python for each behaviour.

        Their nodes reach the SuperLink at another address than its own if one is given.
        """
        data = self.shared.data
        nodes = [
            self.flower.supernode(str(index), superlink, partition_id=index, num_partitions=count)
            for index in range(count)
        ]
        nodes += [
            self.flower.supernode(f"python-{index}", partition_id=count + index, behaviour=behaviour)
            for index, behaviour in enumerate(python)
        ]
        apps = []
        for index, node in enumerate(nodes):
            self.flower.await_supernode(node)
            if index < count:
                options = ["--data", data, "--state", self.folder / f"state-{index}", "--threads", 1]
                options += ["--metrics", self.folder / f"site-{index}.prom"]
                if settings:
                    file = self.folder / "settings.json"
                    file.write_text(json.dumps(settings))
                    options += ["--job", file]
                apps.append(self.flower.client(str(index), node, *options))
            else:
                apps.append(self.flower.python_client(str(index - count), node))
        yield nodes, apps
        for app in apps:
            # One that a case has killed is no longer among the processes.
            check(app.running or app not in self.flower.processes, f"{app.name} ended: {last_line(app)}")
        self.flower.stop(*apps, *nodes)

    def pretrain(self, sites, *options, app=APP):
        """Starts a server and submits a run for it."""
        run = self.folder / "run"
        server = self.flower.server("pretrain", "--output", run, "--sites", sites, *options)
        return server, run, self.flower.submit(app)

    def finish(self, server, run, result="encoder.safetensors"):
        code = server.wait(RUN_SECONDS)
        check(code == 0, f"the server ended with exit code {code}: {last_line(server)}")
        check((run / result).exists(), f"{run} has no {result}")

    def go_on(self, server, run):
        """The server of a stopped run has said so; another one goes on with the same sites."""
        check_unavailable(server, "FlowerServer: ", "stopped", "--resume")
        resumed = self.flower.server("pretrain", "--resume", run)
        self.flower.submit()
        self.finish(resumed, run)
        self.same_bits(run)

    def same_bits(self, run):
        expected = (self.shared.reference / "encoder.safetensors").read_bytes()
        check((run / "encoder.safetensors").read_bytes() == expected,
              "encoder.safetensors has other bytes than that of ACDCPretrain")

    def run_python_server(self, ask_for_parameters, **sites):
        report = self.folder / "report.json"
        with self.sites(**sites):
            server = self.flower.python_server()
            run = self.flower.submit(PYTHON_APP, ask_for_parameters=ask_for_parameters, report=str(report))
            # `flwr list` takes more than a second, so the file is asked first.
            wait_until(lambda: report.exists() or self.flower.status(run).startswith("finished"), RUN_SECONDS,
                       "the end of the run", server)
            if not report.exists():
                (self.flower.logs / "run.log").write_text(self.flower.log(run))
                raise Failed("the server in Python failed; run.log tells why")
            wait_until(lambda: self.flower.status(run) == "finished:completed", PATIENCE, "the status of a completed run")
            self.flower.stop(server)
        report = json.loads(report.read_text())
        check([len(round["examples"]) for round in report["rounds"]] == [2, 2], f"not every site replied: {report}")
        check(0 < report["change"] < float("inf"), f"the model did not change: {report}")
        return report


def after_round(number, run, server):
    wait_until(lambda: len(rounds_of(run)) >= number, RUN_SECONDS, f"round {number}", server)


def await_training(node, server):
    """Waits until the node's client has got the next message of training, by what the SuperNode logs from now on."""
    start = len(node.text())

    def trains():
        _, found, rest = node.text()[start:].partition("Receiving: train message")
        return found and "confirm-message-received" in rest

    wait_until(trains, PATIENCE, "training at a site", server)


def check_unavailable(server, *words):
    """The server has ended because it could not go on, and said so."""
    code, line = server.wait(PATIENCE), last_line(server)
    check(code == 69, f"{server.name} ended with exit code {code}: {line}")
    for word in words:
        check(word in line, f"{server.name} did not say {word!r}: {line}")


# Cases


@case("python", lane="secured")
def surroundings(suite):
    """Flower alone: its FedAvg in Python with two clients in NumPy. When this fails, so will the rest."""
    suite.run_python_server(ask_for_parameters=False, count=0, python=["", ""])


@case("secured", lane="secured")
def secured(suite):
    """FCL over TLS, with registered nodes and a secret, has the bits of the same training in one process."""
    with suite.sites(2) as (nodes, _):
        server, run, _ = suite.pretrain(2, *FCL)
        suite.finish(server, run)
        place = ["--data", suite.shared.data, "--state", suite.folder / "state-0"]
        for address, trust in ((nodes[0].url, []), (suite.flower.url, ["--ca", suite.flower.authority])):
            found = suite.flower.check(address, *trust, *place)
            check(found.returncode == 0 and "ok    SuperNode" in found.stdout, f"{found.stdout}{found.stderr}")
        check("certificate valid for" in found.stdout and "authority  valid for" in found.stdout, found.stdout)
        wrong = suite.flower.check(suite.flower.url, "--ca", suite.flower.authority, "--data", "/dev/null", *place[2:])
        check(wrong.returncode == 65 and "BAD   data" in wrong.stdout, f"{wrong.stdout}{wrong.stderr}")
    metrics = (suite.folder / "site-0.prom").read_text()
    for line in ('messages_total{type="train",outcome="answered"} 2', "round 2"):
        check(f"federated_site_{line}\n" in metrics, metrics)
    suite.same_bits(run)


@case("proxy", lane="secured")
def proxy(suite):
    """Nodes take part through nginx, which shows nothing of the SuperLink but their messages."""
    if not shutil.which("nginx"):
        raise Skipped("there is no nginx here")
    nginx, address = suite.flower.proxy()
    with suite.sites(2, superlink=address):
        server, run, _ = suite.pretrain(2, *FCL)
        suite.finish(server, run)
        for path in ("control/list-runs", "runtime/acquire-task"):
            codes = [suite.flower.reply(f"https://{at}/v1/{path}", b"") for at in (address, suite.flower.address)]
            check(codes[0] == 403 and codes[1] not in (None, 403, 404), f"{path}: by the proxy, at the SuperLink {codes}")
    suite.same_bits(run)
    suite.flower.stop(nginx)


@case("strangers", lane="secured")
def strangers(suite):
    """A server that trusts another authority, and a server and a site with another secret, are refused."""
    make_certificates(suite.folder / "keys")
    secret = suite.folder / "secret"
    secret.write_bytes(bytes(32))
    secret.chmod(0o600)
    for stranger in ({"authority": suite.folder / "keys" / "ca.crt"}, {"secret": secret}):
        run = suite.folder / f"run-{next(iter(stranger))}"
        server = suite.flower.server("pretrain", "--output", run, "--sites", 2, *FCL, **stranger)
        check_unavailable(server, "FlowerServer: ", "trust" if "authority" in stranger else "secret")
    node = suite.flower.supernode("0", partition_id=0)
    suite.flower.await_supernode(node)
    client = suite.flower.client("0", node, "--data", suite.shared.data, "--state", suite.folder / "state", secret=secret)
    check_unavailable(client, "FlowerClient: ", "secret")
    suite.flower.stop(node)


@case("same-bits", lane="plain")
def same_bits(suite):
    """FCL without TLS has the bits of the same training in one process."""
    with suite.sites(2):
        server, run, _ = suite.pretrain(2, *FCL)
        suite.finish(server, run)
    suite.same_bits(run)


def compare_fine_tuning(suite, *options):
    """Fine-tunes at two sites and in one process, and checks that the models have the same bits."""
    # Fold 1: of a site's three patients, it holds one out; fold 0 holds out none, and would leave nobody to score.
    plan = ["--init", suite.shared.reference, "--annotated", 1, "--split-seed", 7, *options]
    with suite.sites(2):
        run = suite.folder / "run"
        server = suite.flower.server("finetune", "--output", run, "--sites", 2, "--fold", 1, *plan)
        suite.flower.submit()
        suite.finish(server, run, "model.safetensors")
    reference = suite.folder / "reference"
    suite.shared.call(
        "ACDCFineTune", "--data", suite.shared.data, "--clients", 2, "--folds", 1, *plan, "--output", reference, "--quiet")
    (expected,) = reference.glob("trials/*/model.safetensors")
    check(weights(run / "model.safetensors") == weights(expected), "model.safetensors has other weights than ACDCFineTune's")


@case("fine-tuning", lane="secured")
def fine_tuning(suite):
    """A segmentation network that starts from an encoder has the bits of the same fine-tuning in one process."""
    compare_fine_tuning(suite, "--rounds", 2)


@case("self-training", lane="secured")
def self_training(suite):
    """So has one that learns from images without labels too."""
    compare_fine_tuning(suite, "--unlabelled", "--steps", 48, "--steps-per-round", 6)


@case("python-server", lane="plain")
def python_server(suite):
    """Flower's FedAvg in Python trains with two sites of this package."""
    settings = {"method": "fedSimCLR", "rounds": 2, "width": 2, "size": 32, "spacing": 6, "featureDimension": 8}
    report = suite.run_python_server(ask_for_parameters=True, count=2, settings=settings)
    for round in report["rounds"]:
        check(round["difference"] > 0, f"both sites returned the same model in round {round['round']}")


@case("python-client", lane="plain")
def python_client(suite):
    """A client in NumPy, which answers to `train` alone, takes part in fedSimCLR under this package's server."""
    with suite.sites(1, python=[""]):
        server, run, _ = suite.pretrain(2, *SIMCLR, app=PYTHON_APP)
        suite.finish(server, run)
    for round in rounds_of(run):
        check(len(round["participants"]) == 2, f"not everyone took part: {round}")
        check(10 in [site["sampleCount"] for site in round["participants"]], f"the one in NumPy is missing: {round}")


@case("misbehaviour", lane="third")
def misbehaviour(suite):
    """A site that sends NaN and one that sends another shape are named and left out; the third goes on."""
    with suite.sites(1, python=["nan", "shape"]):
        server, run, _ = suite.pretrain(3, "--quorum", 1, *SIMCLR, app=PYTHON_APP)
        suite.finish(server, run)
    for round in rounds_of(run):
        check(len(round["participants"]) == 1, f"one site is expected: {round}")
        absent = {site["client"]: site["reason"] for site in round["absent"]}
        check(len(absent) == 2, f"two absent sites are expected: {round}")
        for fault in ("sent NaN", "where the global model has"):
            check(sum(fault in reason for reason in absent.values()) == 1, f"nobody {fault}: {absent}")


@case("liars", lane="third")
def liars(suite):
    """Sites that claim a trillion samples, leap, or send the largest numbers, negative variances or 100 MB are named."""
    lies = {
        "samples": "samples; at most", "far": "moved the weights by", "huge": "moved the weights by",
        "variance": "below zero in", "large": "more than",
    }
    with suite.sites(6, python=list(lies)):
        server, run, _ = suite.pretrain(11, "--quorum", 6, *ONCE, app=PYTHON_APP)
        suite.finish(server, run)
    for round in rounds_of(run):
        check(len(round["participants"]) == 6, f"six sites are expected: {round}")
        check(all(site["client"].startswith("client-") for site in round["participants"]), f"a liar took part: {round}")
        reasons = [site["reason"] for site in round["absent"]]
        for lie, words in lies.items():
            check(any(words in reason for reason in reasons), f"nobody is named for {lie}: {reasons}")


@case("impostors", lane="third")
def impostors(suite):
    """One that takes another's name costs it nothing but the name, and one whose name is none is left out."""
    with suite.sites(2, python=["twin", "escape"]):
        server, run, _ = suite.pretrain(3, *SIMCLR, app=PYTHON_APP)
        suite.finish(server, run)
    check("all call themselves client-1" in server.text(), "nothing is said about the twins")
    check("is left out" in server.text() and "\x1b[2J" not in server.text(), "nothing is said about the odd name")
    for round in rounds_of(run):
        names = [site["client"] for site in round["participants"]]
        check(names[0] == "client-2" and all(name.startswith("node-") for name in names[1:]) and len(names) == 3,
              f"client-2 and two nodes are expected: {round}")


@case("hostile-job", lane="plain")
def hostile_job(suite):
    """Jobs with absurd numbers are refused with a sentence, and the site takes part in the next run as if nothing was."""
    settings = json.loads((suite.shared.reference / "config.json").read_text())
    absurd = [
        {"rounds": 1 << 62}, {"localEpochs": 1 << 40}, {"bank": 1 << 40}, {"featureDimension": 1 << 20}, {"width": 1 << 20},
        {"size": 1 << 20}, {"batchVolumes": 1 << 30}, {"partitions": 0}, {"clients": -1}, {"method": "\x1b[2J"},
        {"size": 1024, "width": 256, "batchVolumes": 64, "partitions": 64}, {"learningRate": -1}, {"bank": "many"},
    ]
    jobs = [json.dumps({"run": f"run-{number}", "pretraining": {**settings, **changes}})
            for number, changes in enumerate(absurd)]
    jobs += [json.dumps({"run": name, "pretraining": settings}) for name in ("", "../../etc", "a" * 1000)]
    jobs += ["{", "[" * 100_000, json.dumps({"run": "a"}), json.dumps({"run": "a", "pretraining": settings, "segmentation": 1})]
    file, report = suite.folder / "jobs.json", suite.folder / "report.json"
    file.write_text(json.dumps(jobs))
    with suite.sites(2):
        server = suite.flower.python_server()
        suite.flower.submit(PYTHON_APP, jobs=str(file), report=str(report))
        wait_until(report.exists, RUN_SECONDS, "the answers", server)
        suite.flower.stop(server)
        answers = json.loads(report.read_text())
        check(len(answers) == len(jobs), f"{len(answers)} answers to {len(jobs)} jobs")
        for job, answer in zip(jobs, answers):
            check(answer and "\x1b" not in answer and len(answer) < 400, f"{job[:80]}: {answer!r}")
        server, run, _ = suite.pretrain(2, *FCL)
        suite.finish(server, run)
    suite.same_bits(run)


@case("silent", lane="third")
def silent(suite):
    """A site that does not answer holds up a round until the timeout, and nobody else is named."""
    with suite.sites(2, python=["silent"]):
        # A timeout that the honest keep on a busy machine.
        server, run, _ = suite.pretrain(3, "--quorum", 2, "--phase-timeout", 60, *ONCE, app=PYTHON_APP)
        suite.finish(server, run)
    for round in rounds_of(run):
        check([site["client"].startswith("node-") for site in round["absent"]] == [True], f"one is expected: {round}")
        seconds = sum(round["seconds"].values())
        check(seconds < 70, f"the round took {seconds} s")


@case("killed-site", lane="third")
def killed_site(suite):
    """A site is killed while it trains: the round counts without it, and says so."""
    with suite.sites(3) as (nodes, apps):
        server, run, _ = suite.pretrain(3, *FCL, "--quorum", 2, "--phase-timeout", 150, "--local-epochs", 30)
        after_round(1, run, server)
        await_training(nodes[2], server)
        apps[2].signal(signal.SIGKILL)
        suite.flower.stop(apps[2])
        suite.finish(server, run)
    first, second = rounds_of(run)
    check(len(first["participants"]) == 3 and not first["absent"], f"someone was absent before: {first}")
    (missing,) = {site["client"] for site in first["participants"]} - {site["client"] for site in second["participants"]}
    check([site["client"] for site in second["absent"]] == [missing], f"{missing} is not named: {second}")


@case("stopped-run", lane="plain")
def stopped_run(suite):
    """After `flwr stop` the server says how to go on, the sites wait, and another run goes on with the same bits."""
    with suite.sites(2):
        server, run, number = suite.pretrain(2, *FCL)
        after_round(1, run, server)
        # At once: the next messages are on their way or not, and the second round takes 7 s at least.
        suite.flower.stop_run_at_once(number)
        suite.go_on(server, run)


@case("stopped-superlink", lane="third")
def stopped_superlink(suite):
    """The SuperLink ends during a run: the server says so; started again, everything goes on with the same bits."""
    with suite.sites(2):
        server, run, _ = suite.pretrain(2, *FCL)
        after_round(1, run, server)
        suite.flower.stop(suite.flower.superlink)
        check_unavailable(server, "FlowerServer: ")
    suite.flower.start()
    with suite.sites(2):
        resumed = suite.flower.server("pretrain", "--resume", run)
        suite.flower.submit()
        suite.finish(resumed, run)
    suite.same_bits(run)


# Running them


def report(name, began, failure=None, logs=None):
    """One line; after a failure what went wrong, and the end of each log, for who sees nothing else."""
    lines = [f"{time.monotonic() - began:6.1f} s  {'FAILED' if failure else 'ok':6}  {name}"]
    if failure:
        lines.append(f"    {failure if isinstance(failure, Failed) else repr(failure)}")
        ordinary = re.compile(r"DEBUG|INFO|WARNING|/v1/.* 200|^$")
        for log in sorted(logs.rglob("*.log")) if logs else []:
            text = [line for line in log.read_text(errors="replace").splitlines() if not ordinary.search(line)]
            lines += [f"    {log.stem}: {line[:300]}" for line in text[-12:]]
    # At once, since there are other lanes.
    print("\n".join(lines), flush=True)


def run_lane(suite, names, failures):
    for name in names:
        began = time.monotonic()
        try:
            suite.enter(name)
            CASES[name][1](suite)
            report(name, began)
        except Skipped as reason:
            print(f"{'':10}skipped {name}: {reason}", flush=True)
        except Exception as error:
            failures.append(name)
            report(name, began, error, suite.flower.logs)
            # The next case starts from nothing.
            suite.flower.stop()
    suite.flower.stop()


def run_cases(names, workplace):
    shared, failures = Shared(workplace), []
    lanes = {}
    for name in names:
        lanes.setdefault(CASES[name][0], []).append(name)
    suites = {lane: Suite(shared, lane) for lane in lanes}
    threads = [
        threading.Thread(target=run_lane, args=(suites[lane], lanes[lane], failures), daemon=True) for lane in lanes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    busy, began = workplace.busy_ports(), time.monotonic()
    if busy:
        failures.append("nothing left")
    report("nothing left", began, Failed(f"somebody still listens on the ports {busy}") if busy else None)
    return failures


def main():
    programs, keep, *names = sys.argv[1:]
    unknown = [name for name in names if name not in CASES]
    if unknown:
        print(f"flower-test: there is no case {unknown[0]!r}; there are {', '.join(CASES)}", file=sys.stderr)
        return 64
    endings()
    folder = pathlib.Path(keep or tempfile.mkdtemp(prefix="flower-test."))
    failures = None
    try:
        with Workplace(folder, programs) as workplace:
            failures = run_cases(names or list(CASES), workplace)
    except KeyboardInterrupt:
        return 130
    finally:
        if not keep and failures == []:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"logs and runs are in {folder}")
    print("every case is ok" if not failures else f"failed: {', '.join(failures)}")
    return 1 if failures else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for name, (_, function) in CASES.items():
            print(f"{name:18} {function.__doc__}")
    else:
        sys.exit(main())
