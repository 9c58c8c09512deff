"""Runs two StepTimers alternately, pair by pair, and prints a table of the ratios in Markdown. Called by Scripts/ab."""

import argparse
import json
import math
import re
import statistics
import subprocess
import sys

from cases import CASES
from reporting import machine, number


def arguments():
    parser = argparse.ArgumentParser(
        prog="Scripts/ab OLD NEW", description="Times the same work in two builds of this library, pair by pair."
    )
    parser.add_argument("--cases", default="", help="only cases whose name contains this regular expression")
    parser.add_argument("--pairs", type=int, default=10, help="pairs of processes per case (default: 10)")
    parser.add_argument("--threads", type=int, default=2, help="threads of both (default: 2)")
    parser.add_argument("--seconds", type=float, default=2, help="measured in each process, after warm-up (default: 2)")
    parser.add_argument("--json", help="a file for every single measurement")
    parser.add_argument("--old", help=argparse.SUPPRESS)
    parser.add_argument("--new", help=argparse.SUPPRESS)
    parser.add_argument("--names", nargs=2, default=["old", "new"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.pairs < 2:
        parser.error(f"--pairs {options.pairs}: at least 2 are expected")
    return options


def milliseconds(program, case, threads, seconds):
    """The median of one process."""
    length = ["--iterations", "1"] if case.step == "round" else ["--seconds", str(seconds)]
    done = subprocess.run(
        [program, *case.options(threads), *length, "--json"], capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        sys.exit(f"ab: {case.name(threads)}: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])["median_ms"]


def interval(ratios):
    """The geometric mean of ratios, and its 95 % interval by Student's t over the pairs' logarithms."""
    logs = [math.log(ratio) for ratio in ratios]
    mean, error = statistics.mean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    # Quantiles .975 of Student's t; above 30 degrees of freedom, that of the normal distribution is close enough.
    quantiles = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11,
                 2.10, 2.09, 2.09, 2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04]
    width = error * (quantiles[len(logs) - 2] if len(logs) - 2 < len(quantiles) else 1.98)
    return math.exp(mean), math.exp(mean - width), math.exp(mean + width)


def main():
    options = arguments()
    measurements = {}
    print(f"| case | {options.names[0]}, ms | {options.names[1]}, ms | new / old (95 %) | pairs from … to |")
    print("| --- " * 5 + "|")
    for case in CASES:
        threads = case.threads or options.threads
        name = case.name(threads)
        if name in measurements or not re.search(options.cases, name):
            continue
        pairs = []
        for pair in range(options.pairs):
            print(f"{name}: {pair + 1}/{options.pairs}", file=sys.stderr)
            # Whichever is first changes from pair to pair, since a neighbor may slow down one half of each.
            order = [options.old, options.new] if pair % 2 == 0 else [options.new, options.old]
            times = {program: milliseconds(program, case, threads, options.seconds) for program in order}
            pairs.append((times[options.old], times[options.new]))
        measurements[name] = pairs
        ratios = [new / old for old, new in pairs]
        mean, low, high = interval(ratios)
        old, new = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        print(
            f"| {name} | {number(old)} | {number(new)} | **{mean:.3f}** ({low:.3f}–{high:.3f}) | "
            f"{min(ratios):.2f} … {max(ratios):.2f} |", flush=True)
    print(f"\n{machine()} {options.threads} threads unless the case says otherwise; {options.pairs} pairs each.")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(measurements, file, indent=1)


main()
