"""Draws Dice over the number of annotated patients: see Scripts/figure."""

import argparse
import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

# What others publish, as printed: Wu et al., MICCAI 2021, table 1, and nnU-Net's documentation/resenc_presets.md.
PAPER = {"federated": {1: 0.646, 2: 0.824, 4: 0.871, 8: 0.894}, "local": {1: 0.506}}
NNUNET = 0.915
NAMES = {"federated": "together", "local": "each alone"}
STYLES = {"federated": "-", "local": "--"}
COLORS = ["#0072b2", "#d55e00", "#009e73", "#b8528c", "#e69f00"]

parser = argparse.ArgumentParser(prog="figure", description="Draws Dice over the number of annotated patients.")
parser.add_argument("--output", required=True, type=pathlib.Path)
parser.add_argument("runs", nargs="+", type=pathlib.Path)
options = parser.parse_args()

curves = {}
for run in options.runs:
    try:
        results = json.loads((run / "results.json").read_text())
    except OSError as error:
        sys.exit(f"figure: {run}/results.json: {error.strerror}; is it the folder of a finished fine-tuning?")
    training = results["settings"].get("training", {})
    others = " + unlabelled" if training.get("plan", {}).get("unlabelled") else ""
    for cell in results["cells"]:
        points = curves.setdefault((cell["start"] + others, cell["mode"]), {})
        if cell["annotated"] in points:
            sys.exit(f"figure: {run}: {cell['start']}, {cell['mode']}, N = {cell['annotated']} is there twice.")
        points[cell["annotated"]] = cell["dice"]["mean"]

plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "figure", "font.family": "sans-serif", "font.size": 10})
figure, axes = plt.subplots(figsize=(7, 4.2))
starts = list(dict.fromkeys(start for start, _ in curves))
labels = []
for (start, mode), points in sorted(curves.items(), key=lambda item: (starts.index(item[0][0]), item[0][1])):
    numbers = sorted(points)
    color = COLORS[starts.index(start) % len(COLORS)]
    axes.plot(
        numbers, [points[n] for n in numbers], STYLES[mode], color=color, marker="o",
        markerfacecolor="white" if mode == "local" else color, label=f"{start}, {NAMES[mode]}")
    labels += [(n, points[n], color) for n in numbers]
marks = [(n, height) for n, height, _ in labels] + [mark for points in PAPER.values() for mark in points.items()]
for n, height, color in labels:
    # Of points that are close by, the lowest has its label below, the highest above, and others beside.
    rank = sum(other == n and 0 < height - below < 0.03 for other, below in marks)
    close = sum(other == n and abs(height - near) < 0.03 for other, near in marks)
    place = (0, -15) if rank == 0 and close > 1 else (0, 7) if rank == close - 1 else (24, -4)
    axes.annotate(
        f"{height:.3f}"[1:], (n, height), textcoords="offset points", xytext=place, ha="center", color=color)
for mode, points in PAPER.items():
    axes.plot(
        list(points), list(points.values()), STYLES[mode], color="#999999", marker="x", linewidth=1,
        label=f"Wu et al.: FCL, {NAMES[mode]}")
axes.axhline(NNUNET, color="#444444", linewidth=1, linestyle=":", label="nnU-Net, all 80 patients")
axes.set_xscale("log", base=2)
axes.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
axes.set_xlim(0.85, 9)
axes.set_xlabel("annotated patients of each of ten hospitals")
axes.set_ylabel("Dice, in three dimensions")
axes.set_ylim(0.45, 0.95)
axes.grid(axis="y", color="#dddddd", linewidth=0.6)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="lower right")
figure.tight_layout()
figure.savefig(options.output, metadata={"Date": None, "Creator": None})
print(options.output)
