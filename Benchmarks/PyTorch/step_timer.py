"""The twin of StepTimer in PyTorch: the same work after the same warm-up, and the same line of JSON.

    python step_timer.py --step encoder --width 32 --size 192 --batch 8 --threads 2 --mode eager
"""

import argparse
import json
import resource
import statistics
import sys
import time

import torch

import engines
import workloads
from federated import Round


def resident_peak():
    """The largest resident memory of this process so far, in MB of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", choices=["encoder", "unet", "inference", "round"], required=True)
    parser.add_argument("--mode", choices=["eager", "compile", "bf16", "onnxruntime", "openvino"], default="eager")
    parser.add_argument("--onnx", help="for onnxruntime and openvino: a network of Export, of the same width")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--iterations", type=int)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--bank", type=int)
    parser.add_argument("--dimension", type=int, default=128)
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--clients-in-parallel", type=int, default=1)
    options = parser.parse_args()
    if options.mode in ("onnxruntime", "openvino") and options.step != "inference":
        parser.error(f"--mode {options.mode}: only of --step inference")
    return options


def work(options):
    """What to time, and what to do before."""
    if options.step == "round":
        federated_round = Round(options)
        return federated_round.run, federated_round.warm_up
    if options.mode in ("onnxruntime", "openvino"):
        run = getattr(engines, options.mode)(options)
        return run, run
    run = {
        "encoder": workloads.encoder_step,
        "unet": workloads.unet_step,
        "inference": workloads.inference,
    }[options.step](options)

    def warm_up():
        for _ in range(3):
            run()

    return run, warm_up


def measure(run, options):
    times, began = [], time.perf_counter()

    def enough():
        if options.iterations:
            return len(times) >= options.iterations
        passed = time.perf_counter() - began
        return (len(times) >= 5 and passed >= options.seconds) or passed >= max(options.seconds, 60)

    while not enough():
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return times


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    start = resident_peak()
    run, warm_up = work(options)
    warm_up()
    times = measure(run, options)
    report = vars(options) | {
        "median_ms": statistics.median(times),
        "times_ms": times,
        "peak_mb": resident_peak(),
        "start_mb": start,
        "torch": torch.__version__,
    }
    print(json.dumps(report))


main()
