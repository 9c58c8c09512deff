"""Varies one extent at a time and fits cost = c · extent^exponent by least squares in logarithms.

Called by Scripts/scaling, which builds StepTimer.
"""

import argparse
import dataclasses
import json
import math
import re
import statistics
import subprocess
import sys

from reporting import machine, number


@dataclasses.dataclass(frozen=True)
class Axis:
    """What varies, and what stays."""

    name: str
    option: str
    values: tuple[int, ...]
    fixed: str


AXES = [
    Axis("batch, encoder f=16 64²", "--batch", (4, 8, 16, 32, 64), "--step encoder --width 16 --size 64"),
    Axis("batch, U-Net f=16 64²", "--batch", (4, 8, 16, 32), "--step unet --width 16 --size 64"),
    Axis("size, encoder f=16, batch 8", "--size", (64, 96, 128, 192, 256), "--step encoder --width 16 --batch 8"),
    Axis("size, U-Net inference f=16, batch 8", "--size", (64, 96, 128, 192), "--step inference --width 16 --batch 8"),
    Axis("width, encoder 8×96²", "--width", (8, 16, 32, 64), "--step encoder --size 96 --batch 8"),
    Axis("bank, encoder f=16 8×64²", "--bank", (256, 1024, 4096, 16384, 65536), "--step encoder --width 16 --size 64"),
    Axis(
        "clients, round f=16 8×64², 200 slices", "--clients", (1, 2, 5, 10),
        "--step round --width 16 --size 64 --clients-in-parallel 1 --iterations 1",
    ),
    Axis(
        "slices, round f=16 8×64², 2 clients", "--slices", (40, 80, 160, 320),
        "--step round --width 16 --size 64 --clients 2 --clients-in-parallel 1 --iterations 1",
    ),
]


def arguments():
    parser = argparse.ArgumentParser(
        prog="Scripts/scaling", description="Measures how cost grows with each extent, and prints exponents."
    )
    parser.add_argument("--axes", default="", help="only those whose name contains this regular expression")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each point (default: 3)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default: 2)")
    parser.add_argument("--program", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(axis, options):
    """The reports of each value, measured in turns so that a disturbance does not hit one value alone."""
    reports = {value: [] for value in axis.values}
    for round_number in range(options.rounds):
        for value in axis.values:
            print(f"{axis.name}: {value}, {round_number + 1}/{options.rounds}", file=sys.stderr)
            command = [options.program, *axis.fixed.split(), axis.option, str(value)]
            command += ["--threads", str(options.threads), "--seconds", "1", "--json"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                sys.exit(f"scaling: {' '.join(command)} failed: {done.stderr.strip()}")
            reports[value].append(json.loads(done.stdout))
    return reports


def exponent(values, costs):
    """The slope of the line through (ln value, ln cost)."""
    if min(costs) <= 0:
        return math.nan
    x, y = [math.log(value) for value in values], [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope


def main():
    options = arguments()
    print("| what grows | time, ms | time ∝ | arithmetic ∝ | peak MB | memory ∝ |\n|" + " --- |" * 6)
    notes = []
    for axis in AXES:
        if not re.search(options.axes, axis.name):
            continue
        reports = measure(axis, options)
        times = [statistics.median(report["median_ms"] for report in reports[value]) for value in axis.values]
        peaks = [statistics.median(report["peak_mb"] for report in reports[value]) for value in axis.values]
        # GFLOP/s · ms, the same in every run.
        work = [reports[value][0]["gflops"] * reports[value][0]["median_ms"] for value in axis.values]
        cells = [
            axis.name,
            ", ".join(f"{value}: {number(time)}" for value, time in zip(axis.values, times)),
            f"**{exponent(axis.values, times):.2f}**",
            f"{exponent(axis.values, work):.2f}",
            ", ".join(number(peak) for peak in peaks),
            f"{exponent(axis.values, peaks):.2f}",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)
        if axis.option == "--clients":
            notes.append(clients(axis.values, times, peaks))
    print("\n" + " ".join([f"{machine()} {options.threads} threads; medians of {options.rounds} processes.", *notes]))


def clients(values, times, peaks):
    """Cost and memory of many clients against one."""
    growth = (peaks[-1] - peaks[0]) / (values[-1] - values[0])
    # 200 slices of 64² pixels; 200 features of length 128, kept and shared.
    data, bank = 200 * 64 * 64 * 4 / 1e6, 2 * 200 * 128 * 4 / 1e6
    return (
        f"{values[-1]} clients cost {values[-1]} × {times[-1] / times[0] / values[-1]:.3f} times one client; each "
        f"further client adds {growth:.1f} MB, of which its slices are {data:.1f} MB, its bank {bank:.1f} MB and the "
        "model that it sends the rest."
    )


main()
