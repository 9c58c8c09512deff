"""What the tables of Scripts/compare and Scripts/scaling have in common."""

import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def command_output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout.strip()
    except OSError:
        return ""


def machine(python=None):
    """The processor, its instruction sets and cores, and the versions of what was measured.

    `python` is an interpreter with PyTorch, if that took part.
    """
    processor, flags = platform.processor() or platform.machine(), ""
    if os.path.exists("/proc/cpuinfo"):
        text = pathlib.Path("/proc/cpuinfo").read_text()
        name = re.search(r"model name\s*: (.*)", text)
        processor = name.group(1) if name else processor
        family = re.search(r"cpu family\s*: (.*)", text)
        processor += f" (family {family.group(1)})" if family else ""
        flags = ", AVX-512" if " avx512f" in text else ", AVX2" if " avx2" in text else ""
    swift = re.search(r"Swift version (\S+)", command_output("swift", "--version"))
    torch = ""
    if python:
        torch = ", PyTorch " + command_output(python, "-c", "import torch; print(torch.__version__)")
    return (
        f"{processor}{flags}, {os.cpu_count()} cores, {platform.system()}; "
        f"Swift {swift.group(1) if swift else 'unknown'}{torch}; "
        f"commit {command_output('git', 'rev-parse', '--short', 'HEAD')}."
    )
