"""Measures what Flower costs: `Scripts/flower-measure [SITES [ROUNDS]]`.

The same training runs in one process and on Flower with one process for each site, secured, all on this machine. Printed
are the time of a phase, the bytes of a round, the peak memory of every process, and both encoders' equality.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

from deployment import Deployment, Failed, Workplace, endings, rounds_of

SETTINGS = ["--method", "fcl", "--width", "16", "--size", "64", "--spacing", "3.2", "--probe-every", "0"]


def peak(process):
    """The most memory that a process has had, in MB."""
    for line in pathlib.Path(f"/proc/{process.popen.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def tell(name, reports, seconds):
    # The first round is also a warm-up: files are read, memory is asked for.
    later = reports[1:] or reports
    print(f"{name}: {seconds:.1f} s in all; a round "
          f"{mean(sum(report['seconds'].values()) for report in later):.2f} s: exchange "
          f"{mean(report['seconds']['exchange'] for report in later):.2f} s, training "
          f"{mean(report['seconds']['training'] for report in later):.2f} s, average "
          f"{mean(report['seconds']['aggregation'] for report in later):.3f} s; "
          f"{mean(report['bytesUp'] for report in later) / 1e6:.1f} MB from the sites, "
          f"{mean(report['bytesDown'] for report in later) / 1e6:.1f} MB to them", flush=True)


def call(workplace, program, *options):
    command = [str(workplace.program(program)), *map(str, options), "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Failed(f"{program}: {done.stderr.strip()}")


def measure(workplace, sites, rounds):
    data = workplace.folder / "phantoms"
    call(workplace, "MakePhantoms", "--output", data, "--patients", 2 * sites, "--seed", 1)
    data = data / "training"

    alone = workplace.folder / "alone"
    began = time.monotonic()
    call(workplace, "ACDCPretrain", "--data", data, "--clients", sites, "--rounds", rounds, *SETTINGS, "--output", alone)
    tell("one process", rounds_of(alone), time.monotonic() - began)

    deployment = Deployment(workplace, "measure", secured=True)
    deployment.start()
    nodes = [deployment.supernode(str(i), partition_id=i, num_partitions=sites) for i in range(sites)]
    clients = []
    for index, node in enumerate(nodes):
        deployment.await_supernode(node)
        state = workplace.folder / f"state-{index}"
        clients.append(deployment.client(str(index), node, "--data", data, "--state", state, "--threads", 1))
    run = workplace.folder / "run"
    began = time.monotonic()
    server = deployment.server("pretrain", "--output", run, "--sites", sites, "--rounds", rounds, *SETTINGS)
    deployment.submit()
    memory = 0
    while server.running:
        if pathlib.Path(f"/proc/{server.popen.pid}").exists():
            memory = max(memory, peak(server) if server.running else 0)
        time.sleep(0.2)
    if server.popen.returncode != 0:
        raise Failed(f"FlowerServer: {server.text().strip()}")
    tell(f"Flower, {sites} sites", rounds_of(run), time.monotonic() - began)
    print(f"peak memory in MB: FlowerServer {memory:.0f}, SuperLink {peak(deployment.superlink):.0f}, "
          f"FlowerClient {mean(map(peak, clients)):.0f}, SuperNode {mean(map(peak, nodes)):.0f} (means over sites)")
    same = (run / "encoder.safetensors").read_bytes() == (alone / "encoder.safetensors").read_bytes()
    print("encoders: " + ("the same bits" if same else "different bits"))
    return 0 if same else 1


def main():
    programs, *numbers = sys.argv[1:]
    sites, rounds = (list(map(int, numbers)) + [10, 4])[:2] if len(numbers) < 2 else map(int, numbers)
    endings()
    with tempfile.TemporaryDirectory(prefix="flower-measure.") as folder:
        try:
            with Workplace(pathlib.Path(folder), programs) as workplace:
                return measure(workplace, sites, rounds)
        except Failed as error:
            print(f"flower-measure: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
