"""The Python twin of Benchmarks/Sources/LoadTimer: ACDC images loaded and prepared with nibabel and scipy in one process.

    python3 Scripts/loading.py --data DIR [--size 192] [--spacing 1.37] [--way interpolation|filter] [--pixels FILE]

Every image is inflated and scaled by nibabel, clipped to its percentiles 1 and 99, mapped to 0 ... 1, resampled in the
plane about its centre onto size x size pixels, and stored as [slice, row, column] in float32. Labels are not read.

--way interpolation  scipy.ndimage.affine_transform of order 1, as a script would be written. It has no antialiasing, so
                     that it agrees with Preprocessing only in images whose pixels are not smaller than the grid's.
--way filter         the antialiased filter of Preprocessing, as two sparse matrices of scipy: agrees in all images.

--pixels FILE        pixels that LoadTimer wrote; the largest difference is printed.
Prints one JSON object: milliseconds of the pass (imports are not counted), volumes, slices, differences.
"""

import argparse
import json
import re
import resource
import time
from pathlib import Path

import nibabel
import numpy
import scipy.ndimage
import scipy.sparse


def images(folder):
    """The images of end diastole and end systole, by the patients' numbers, then by the frames'."""
    if (folder / "training").is_dir():
        folder = folder / "training"
    patients = [entry for entry in folder.iterdir() if re.fullmatch(r"patient\d{1,6}", entry.name)]
    for patient in sorted(patients, key=lambda entry: int(entry.name[len("patient"):])):
        info = dict(line.split(":", 1) for line in (patient / "Info.cfg").read_text().splitlines() if ":" in line)
        for frame in sorted([int(info["ED"]), int(info["ES"])]):
            yield patient / f"{patient.name}_frame{frame:02d}.nii.gz"


def positions(count, step, size):
    """The place of every pixel of the grid, in voxels of an axis with `count` of them."""
    return (count - 1) / 2 + (numpy.arange(size) - (size - 1) / 2) * step


def is_inside(places, count):
    return (places >= -0.5) & (places <= count - 0.5)


def interpolated(voxels, steps, size):
    """Linear interpolation; zero outside the field of view."""
    extent = voxels.shape
    offset = [(extent[axis] - 1) / 2 - (size - 1) / 2 * steps[axis] for axis in (0, 1)] + [0]
    result = scipy.ndimage.affine_transform(
        voxels, numpy.array([*steps, 1.0]), offset, (size, size, extent[2]), order=1, mode="nearest", prefilter=False)
    for axis in (0, 1):
        outside = ~is_inside(positions(extent[axis], steps[axis], size), extent[axis])
        result[(slice(None),) * axis + (outside,)] = 0
    return numpy.ascontiguousarray(result.transpose(2, 1, 0))


def triangle(count, step, size):
    """The weights of an antialiased linear filter along one axis: a sparse matrix [size, count]."""
    places = positions(count, step, size)
    support = max(1.0, step)
    weights = numpy.maximum(0, 1 - abs(numpy.arange(count) - places[:, None]) / support)
    weights /= numpy.maximum(weights.sum(axis=1, keepdims=True), 1e-30)
    weights[~is_inside(places, count)] = 0
    return scipy.sparse.csr_array(weights.astype(numpy.float32))


def filtered(voxels, steps, size):
    across, down = (triangle(voxels.shape[axis], steps[axis], size) for axis in (0, 1))
    result = numpy.empty((voxels.shape[2], size, size), numpy.float32)
    for k in range(voxels.shape[2]):
        result[k] = down @ (across @ voxels[:, :, k]).T
    return result


def prepared(path, size, spacing, resample):
    image = nibabel.load(path)
    voxels = image.get_fdata(dtype=numpy.float32)
    steps = [spacing / abs(float(zoom)) for zoom in image.header.get_zooms()[:2]]
    low, high = numpy.percentile(voxels, [1, 99])
    voxels = numpy.clip((voxels - low) / max(high - low, 1e-30), 0, 1, dtype=numpy.float32)
    return resample(voxels, steps, size), steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--spacing", type=float, default=1.37)
    parser.add_argument("--way", choices=["interpolation", "filter"], default="interpolation")
    parser.add_argument("--pixels", type=Path)
    options = parser.parse_args()
    resample = interpolated if options.way == "interpolation" else filtered

    start = time.perf_counter()
    volumes = [prepared(path, options.size, options.spacing, resample) for path in images(options.data)]
    milliseconds = (time.perf_counter() - start) * 1000

    report = {
        "milliseconds": [round(milliseconds, 1)], "volumes": len(volumes),
        "slices": sum(len(pixels) for pixels, _ in volumes),
        "peakMegabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // 1_000_000,
    }
    if options.pixels:
        ours = numpy.fromfile(options.pixels, numpy.float32)
        position, worst, equal = 0, {"magnified": 0.0, "minified": 0.0}, {"magnified": 0, "minified": 0}
        for pixels, steps in volumes:
            other = ours[position:position + pixels.size].reshape(pixels.shape)
            position += pixels.size
            kind = "magnified" if max(steps) <= 1 else "minified"
            worst[kind] = max(worst[kind], float(abs(pixels - other).max()))
            equal[kind] += 1
        assert position == ours.size, f"{ours.size} pixels of LoadTimer, {position} here"
        report["largestDifference"] = worst
        report["volumesOfKind"] = equal
    print(json.dumps(report))


if __name__ == "__main__":
    main()
