"""Compares exported models with the label maps of Segment: see Scripts/export-test."""

import importlib.util
import json
import os
import pathlib
import sys

import jsonschema
import nibabel
import numpy as np
import onnx
import onnxruntime

work = pathlib.Path(sys.argv[1])


def module(path):
    """The Python module in a file of an export."""
    description = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(description)
    description.loader.exec_module(loaded)
    return loaded


def read(path):
    """An image [slice, row, column] and its spacing in the same order, in mm."""
    file = nibabel.load(path)
    spacing = tuple(float(width) for width in file.header.get_zooms()[2::-1])
    return np.asarray(file.dataobj).transpose(2, 1, 0), spacing


def cases():
    """Pairs of an image and its label map by Segment."""
    for path in sorted((work / "phantoms").rglob("*_frame??.nii.gz")):
        yield path, work / "ours" / path.name.replace(".nii.gz", "_seg.nii.gz")


failures = 0


def compare(name, labels_of):
    """Prints how many voxels differ from Segment's labels in all cases."""
    global failures
    different = total = marked = 0
    for path, reference in cases():
        ours = read(reference)[0]
        labels = labels_of(path)
        different += int((labels != ours).sum())
        marked += int((ours > 0).sum())
        total += ours.size
    assert marked > 1000, "the model found no heart; there is nothing to compare"
    # Rounding may decide between two classes of the same probability.
    good = different <= 1e-6 * total
    failures += not good
    print(f"{name:12} {different} of {total} voxels differ, {marked} of them are of a heart{'' if good else ': TOO MANY'}")


schemas = pathlib.Path(__file__).resolve().parent.parent / "docs" / "schemas"
for name, path in {
    "segmentation": "ours/segmentation.json", "results": "run/results.json", "environment": "run/environment.json",
    "split": "run/split.json", "config": "onnx/config.json",
}.items():
    schema = json.loads((schemas / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((work / path).read_text()), schema)
schema = json.loads((schemas / "rounds.json").read_text())
lines = [line for file in (work / "run").rglob("rounds.jsonl") for line in file.read_text().splitlines()]
assert lines, "no rounds to validate"
for line in lines:
    jsonschema.validate(json.loads(line), schema)
print(f"schemas      six kinds of files are as docs/schemas says, {len(lines)} rounds among them")

folder = work / "onnx"
onnx.checker.check_model(onnx.load(folder / "model.onnx"), full_check=True)
config = json.loads((folder / "config.json").read_text())
stored = {entry.key: entry.value for entry in onnx.load(folder / "model.onnx").metadata_props}
assert json.loads(stored["config"]) == config
session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
pipeline = module(folder / "segmentation.py")


def by_onnx(path):
    image, spacing = read(path)
    scores = session.run(None, {"image": pipeline.prepare([image], spacing, config)})[0]
    return pipeline.restore(scores, image.shape, spacing, config)


compare("onnxruntime", by_onnx)

if os.environ.get("TORCH"):
    import torch
    from monai.bundle import ConfigParser

    network = module(work / "huggingface" / "unet.py").load(work / "huggingface")
    largest = 0.0

    def by_torch(path):
        global largest
        image, spacing = read(path)
        batch = pipeline.prepare([image], spacing, config)
        with torch.no_grad():
            scores = network(torch.from_numpy(batch)).numpy()
        largest = max(largest, float(np.abs(scores - session.run(None, {"image": batch})[0]).max()))
        return pipeline.restore(scores, image.shape, spacing, config)

    compare("huggingface", by_torch)
    print(f"scores of PyTorch and onnxruntime differ by at most {largest:.1e}")
    failures += largest > 1e-4

    bundle = work / "monai-bundle"
    os.chdir(bundle)
    sys.path.insert(0, str(bundle))
    parser = ConfigParser()
    parser.read_config("configs/inference.json")
    parser.read_meta("configs/metadata.json")
    parser["images"] = [str(path) for path, _ in cases()]
    parser["output_dir"] = str(work / "labels")
    parser.parse()
    for expression in range(2):
        parser.get_parsed_content(f"run#{expression}")
    compare("monai-bundle", lambda path: read(work / "labels" / path.name.replace(".nii.gz", "_seg.nii.gz"))[0])

sys.exit(1 if failures else 0)
