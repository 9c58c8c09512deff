"""Writes metrics.json: masks, and what MONAI makes of them, for MetricsTwinTests.

    pip install monai scipy && python make_metrics.py

Masks are run lengths, x fastest: voxels outside, then inside, then outside, and so on. Scores that do not exist are null
by the rule of docs/metrics.md, for which MONAI has inf, nan or 0: it is asked only where both masks have voxels.
"""

import json
import pathlib

import numpy as np
import torch
from monai.metrics import (
    compute_average_surface_distance,
    compute_dice,
    compute_hausdorff_distance,
    compute_iou,
)

generator = np.random.default_rng(11)


def runs(mask):
    flat = mask.ravel(order="F").astype(np.int8)
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat]))).tolist() + [flat.size]
    return np.diff([0] + changes).tolist()


def empty(*shape):
    return np.zeros(shape, bool)


def voxels(shape, *places):
    mask = empty(*shape)
    for place in places:
        mask[place] = True
    return mask


def noise(shape, share):
    return generator.random(shape) < share


def blob(shape, spacing, centre, radius):
    """An ellipsoid in mm whose rim is uneven."""
    axes = [(np.arange(n) * s - c) for n, s, c in zip(shape, spacing, centre)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    wobble = 1 + 0.15 * np.sin(3 * np.arctan2(y, x) + z / 5)
    return np.sqrt(x**2 + y**2 + (z / 2) ** 2) < radius * wobble


def random_blobs(shape, spacing):
    size = np.array(shape) * spacing
    mask = empty(*shape)
    for _ in range(generator.integers(1, 4)):
        mask |= blob(shape, spacing, generator.uniform(0.2, 0.8, 3) * size, generator.uniform(0.1, 0.35) * size[:2].min())
    return mask


def hearts(shape, spacing):
    """Two outlines of one ring, a little apart."""
    centre = np.array(shape) * spacing / 2
    first = blob(shape, spacing, centre, 14) & ~blob(shape, spacing, centre, 9)
    moved = centre + [1.5, -2, 3]
    return first, blob(shape, spacing, moved, 13) & ~blob(shape, spacing, moved, 9.5)


grid = (9, 7, 5)
short_axis = (1.5625, 1.5625, 10.0)
border = empty(*grid)
border[0], border[:, -1], border[:, :, 0] = True, True, True
corners = voxels(grid, (0, 0, 0), (8, 6, 4), (0, 6, 4), (8, 0, 0))
box = empty(*grid)
box[2:7, 2:6, 1:4] = True
outlier = box.copy()
outlier[8, 0, 0] = True
hollow = box.copy()
hollow[4, 3, 2] = False

cases = [
    ("both empty", empty(*grid), empty(*grid), (1, 1, 1)),
    ("no prediction", empty(*grid), box, (1, 1, 1)),
    ("no reference", box, empty(*grid), (1, 1, 1)),
    ("one voxel each", voxels(grid, (1, 2, 3)), voxels(grid, (7, 5, 0)), (0.7, 1.9, 8)),
    ("the same voxel", voxels(grid, (4, 4, 4)), voxels(grid, (4, 4, 4)), (0.7, 1.9, 8)),
    ("one voxel and a box", voxels(grid, (0, 0, 4)), box, (2, 1, 3)),
    ("two voxels and one", voxels(grid, (0, 0, 0), (8, 6, 4)), voxels(grid, (1, 0, 0)), (1.25, 1.25, 5)),
    ("all of the grid", ~empty(*grid), ~empty(*grid), short_axis),
    ("all of the grid and one voxel", ~empty(*grid), voxels(grid, (3, 3, 2)), short_axis),
    ("one voxel and all of the grid", voxels(grid, (8, 6, 4)), ~empty(*grid), short_axis),
    ("along the border", border, box, (1.3, 1.4, 9)),
    ("corners", corners, border, (1.3, 1.4, 9)),
    ("an outlier below the percentile", outlier, box, (1, 1, 1)),
    ("a hole", hollow, box, (1, 2, 4)),
    ("equal", box, box, (1, 2, 4)),
    ("apart", np.roll(box, -2, 0) & ~box, np.roll(box, 2, 0) & ~box, (1, 2, 4)),
    ("one slice", noise((14, 11, 1), 0.4), noise((14, 11, 1), 0.4), (1.4, 1.4, 8)),
    ("one row", noise((40, 1, 1), 0.3), noise((40, 1, 1), 0.1), (0.3, 5, 5)),
    ("one column of slices", noise((1, 1, 25), 0.4), noise((1, 1, 25), 0.2), (1, 1, 7.5)),
    ("one voxel in all", voxels((1, 1, 1), (0, 0, 0)), voxels((1, 1, 1), (0, 0, 0)), (3, 3, 3)),
    ("far thicker than wide", noise((8, 8, 6), 0.2), noise((8, 8, 6), 0.2), (0.1, 0.2, 50)),
    ("far wider than thick", noise((8, 8, 6), 0.2), noise((8, 8, 6), 0.2), (40, 30, 0.05)),
    ("two rings", *hearts((36, 34, 8), np.array(short_axis)), short_axis),
]
for number, share in enumerate([0.02, 0.1, 0.3, 0.5, 0.7, 0.95]):
    shape = tuple(generator.integers(4, 13, 3).tolist())
    spacing = tuple(generator.uniform(0.5, 10, 3).round(3).tolist())
    cases.append((f"noise {number}", noise(shape, share), noise(shape, share), spacing))
for number in range(8):
    shape = tuple(generator.integers(6, 25, 2).tolist()) + (int(generator.integers(2, 9)),)
    spacing = tuple(generator.uniform(0.6, 9, 3).round(4).tolist())
    cases.append((f"blobs {number}", random_blobs(shape, spacing), random_blobs(shape, spacing), spacing))

result = []
for name, prediction, reference, spacing in cases:
    spacing = tuple(map(float, spacing))
    scores = {"dice": None, "iou": None, "hd95": None, "assd": None}
    if prediction.any() and reference.any():
        pair = [torch.from_numpy(mask)[None, None].float() for mask in (prediction, reference)]
        scores = {
            "dice": compute_dice(*pair),
            "iou": compute_iou(*pair),
            "hd95": compute_hausdorff_distance(*pair, include_background=True, percentile=95, spacing=spacing),
            "assd": compute_average_surface_distance(*pair, include_background=True, symmetric=True, spacing=spacing),
        }
        scores = {key: float(f"{value.item():.7g}") for key, value in scores.items()}
    elif prediction.any() or reference.any():
        scores |= {"dice": 0.0, "iou": 0.0}
    result.append(
        {"name": name, "extent": prediction.shape, "spacing": spacing, **scores}
        | {"prediction": runs(prediction), "reference": runs(reference)}
    )

lines = ",\n".join(json.dumps(case) for case in result)
pathlib.Path(__file__).with_name("metrics.json").write_text(f"[\n{lines}\n]\n")
