"""Runs StepTimer and its twin in PyTorch alternately, each run a process of its own, and prints a table in Markdown.

Called by Scripts/compare, which installs PyTorch and builds StepTimer.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

from cases import CASES
from reporting import ROOT, machine, number

TWIN = ROOT / "Benchmarks" / "PyTorch" / "step_timer.py"
MODES = ["eager", "compile", "bf16"]
# Of inference only: what deployers run an exported network with.
ENGINES = ["onnxruntime", "openvino"]


def arguments():
    parser = argparse.ArgumentParser(
        prog="Scripts/compare", description="Times the same work in this library and in PyTorch, alternately."
    )
    parser.add_argument("--venv", help="a virtual environment with PyTorch, made if it does not exist, and kept")
    parser.add_argument("--cases", default="", help="only cases whose name contains this regular expression")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each program and case (default: 5)")
    parser.add_argument("--threads", type=int, default=2, help="threads of both (default: 2)")
    parser.add_argument(
        "--modes", default=",".join(MODES),
        help="of PyTorch (default: eager,compile,bf16), and for inference onnxruntime and openvino",
    )
    parser.add_argument(
        "--onnx", help="the network of onnxruntime and openvino: a model.onnx of Export, of the width of the cases "
        "(default: PyTorch's export of the twin)")
    parser.add_argument("--seconds", type=float, default=3, help="measured in each process, after warm-up (default: 3)")
    parser.add_argument("--json", help="a file for every single measurement")
    parser.add_argument("--program", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.modes = options.modes.split(",")
    if not set(options.modes) <= set(MODES + ENGINES):
        parser.error(f"--modes {','.join(options.modes)}: some of {','.join(MODES + ENGINES)} are expected")
    return options


class Program:
    """One of the programs that are compared, and what it reported in each round."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.reports, self.failure, self.note = [], None, ""

    def run(self, threads):
        if self.failure:
            return
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        try:
            done = subprocess.run(self.command, capture_output=True, text=True, env=environment, timeout=900)
            if done.returncode != 0:
                lines = done.stderr.strip().splitlines()
                raise RuntimeError(lines[-1] if lines else f"exit code {done.returncode}")
            self.reports.append(json.loads(done.stdout.strip().splitlines()[-1]))
        except (RuntimeError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
            self.failure = str(error)
            print(f"  {self.name} failed: {self.failure}", file=sys.stderr)

    def medians(self):
        return [report["median_ms"] for report in self.reports]

    def median(self):
        return statistics.median(self.medians())

    def peak(self):
        return statistics.median(report["peak_mb"] for report in self.reports)

    def own_memory(self):
        """What the work itself needed beyond the program and its libraries."""
        return statistics.median(report["peak_mb"] - report["start_mb"] for report in self.reports)

    def time(self):
        """The median of the rounds' medians, and from which to which percentile of all runs."""
        if self.failure:
            return "failed"
        times = sorted(time for report in self.reports for time in report["times_ms"])
        low, high = times[round(0.1 * (len(times) - 1))], times[round(0.9 * (len(times) - 1))]
        return f"{number(self.median())} [{number(low)}–{number(high)}]{self.note}"


def ratio(ours, theirs):
    """The ratio of the medians, and the smallest and largest of a round."""
    if theirs.failure or ours.failure:
        return "–"
    pairs = [a / b for a, b in zip(ours.medians(), theirs.medians())]
    return f"**{ours.median() / theirs.median():.2f}** ({min(pairs):.2f}–{max(pairs):.2f})"


def memory(ours, theirs):
    if theirs.failure or ours.failure:
        return "–", "–"
    return (
        f"{ours.peak():.0f} / {theirs.peak():.0f} = **{ours.peak() / theirs.peak():.2f}**",
        f"{ours.own_memory():.0f} / {theirs.own_memory():.0f} = {ours.own_memory() / theirs.own_memory():.2f}",
    )


def compare(case, options):
    """Runs one case and returns its programs, ours first."""
    threads = case.threads or options.threads
    # A federated round is long enough to be measured once in a process.
    length = ["--iterations", "1"] if case.step == "round" else ["--seconds", str(options.seconds)]
    shared = [*case.options(threads), *length]
    programs = [Program("ours", [options.program, *shared, "--json"])]
    for mode in options.modes:
        if mode in ENGINES and case.step != "inference":
            continue
        network = ["--onnx", options.onnx] if options.onnx and mode in ENGINES else []
        programs.append(Program(mode, [sys.executable, str(TWIN), *shared, "--mode", mode, *network]))
    if case.step == "round":
        # torch.compile is not made for several threads of Python.
        programs = [p if p.name == "compile" else faster(p, threads) for p in programs]
    for round_number in range(options.rounds):
        for program in programs:
            print(f"{case.name(threads)}: {round_number + 1}/{options.rounds} {program.name}", file=sys.stderr)
            program.run(threads)
    return programs


def faster(program, threads):
    """The program with its threads in a step or with clients in parallel, whichever wins in one round."""
    candidates = [
        Program(program.name, [*program.command, "--clients-in-parallel", str(clients)]) for clients in (1, threads)
    ]
    for candidate in candidates:
        candidate.run(threads)
    working = [candidate for candidate in candidates if not candidate.failure]
    if not working:
        return program
    best = min(working, key=Program.median)
    best.note = ", clients in parallel" if best is candidates[1] else ", threads in a step"
    best.reports = []
    return best


def row(name, programs, modes):
    ours, others = programs[0], {program.name: program for program in programs[1:]}
    cells = [name, ours.time()]
    cells += [others[mode].time() if mode in others else "–" for mode in modes]
    cells += [ratio(ours, others[mode]) if mode in others else "–" for mode in modes]
    rate = "–" if ours.failure else number(statistics.median(report["gflops"] for report in ours.reports))
    cells.append(rate)
    cells += memory(ours, others["eager"]) if "eager" in others else ("–", "–")
    return "| " + " | ".join(cells) + " |"


def header(modes):
    cells = ["case", "ours, ms"] + [f"{mode}, ms" if mode in ENGINES else f"PyTorch {mode}, ms" for mode in modes]
    cells += [f"ours / {mode}" for mode in modes]
    cells += ["GFLOP/s", "peak MB, ours / eager", "of these beyond start"]
    return "| " + " | ".join(cells) + " |\n|" + " --- |" * len(cells)


def main():
    options = arguments()
    results = {}
    print(header(options.modes))
    for case in CASES:
        name = case.name(case.threads or options.threads)
        if name in results or not re.search(options.cases, name):
            continue
        results[name] = compare(case, options)
        print(row(name, results[name], options.modes), flush=True)
    print(f"\n{machine(sys.executable)} {options.threads} threads unless the case says otherwise; {options.rounds} processes each.")
    for name in [name for name in results if name.endswith(", 1 thread")]:
        one, many = results[name][0], results.get(name.removesuffix(", 1 thread"), [None])[0]
        if many and not one.failure and not many.failure:
            print(f"\n{options.threads} threads against one, {name.removesuffix(', 1 thread')}: "
                  f"{one.median() / many.median():.2f} times as fast.")
    if options.json:
        everything = {
            name: {program.name: program.reports for program in programs} for name, programs in results.items()
        }
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1))


main()
