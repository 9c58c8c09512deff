"""Checks what Segment makes of DICOM exports: see Scripts/dicom-test."""

import contextlib
import io
import json
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile

import highdicom
import nibabel
import numpy as np
import pydicom
from pydicom.uid import CTImageStorage, ImplicitVRLittleEndian, JPEG2000Lossless, generate_uid

from exports import Phantom, save, zipped

work = pathlib.Path(sys.argv[1])
segment = sys.argv[2]
model = work / "run" / "model.safetensors"
phantom = Phantom(next((work / "new").rglob("*_4d.nii.gz")))
image, stack, others, position = phantom.image, phantom.stack, phantom.others, phantom.position
stored, spacing, normal = phantom.stored, phantom.spacing, phantom.normal
phases, slices, rows, columns = stored.shape

# Running Segment

failures = []


def run(*inputs, name, options=()):
    """Segment's exit code, its messages, and its folder."""
    output = work / "labels" / name
    shutil.rmtree(output, ignore_errors=True)
    done = subprocess.run(
        [segment, model, *inputs, "--output", output, *options], capture_output=True, text=True)
    return done.returncode, done.stderr, output


def reference():
    """The labels of the cine with the stored values, [phase, slice, row, column]."""
    file = work / "reference_4d.nii.gz"
    affine = np.diag([*spacing, 1])
    nibabel.save(nibabel.Nifti1Image(stored.transpose(3, 2, 1, 0).astype(np.float32), affine), file)
    code, messages, output = run(file, name="reference")
    assert code == 0, messages
    return labels_of(output / "reference_4d_seg.nii.gz"), json.loads((output / "segmentation.json").read_text())


def labels_of(path):
    return np.asarray(nibabel.load(path).dataobj).transpose(3, 2, 1, 0)


@contextlib.contextmanager
def case(name):
    began = time.monotonic()
    try:
        yield
        print(f"passed  {name} ({time.monotonic() - began:.1f} s)", flush=True)
    except Exception as error:
        failures.append(name)
        print(f"FAILED  {name}: {type(error).__name__}: {error}", flush=True)


def expect(condition, text="a condition does not hold"):
    if not condition:
        raise AssertionError(text)


def gives_the_labels(name, *inputs, said=(), stem=None):
    """Checks that an export gives the labels and the function of the cine."""
    with case(name):
        code, messages, output = run(*inputs, name=name.replace(" ", "-"))
        expect(code == 0, f"exit code {code}: {messages}")
        stem = stem or pathlib.Path(inputs[0]).stem
        different = int((labels_of(output / f"{stem}_seg.nii.gz") != expected).sum())
        expect(different == 0, f"{different} of {expected.size} labels differ")
        record = json.loads((output / "segmentation.json").read_text())["images"][0]
        function = {key: value for key, value in record["function"].items() if key != "indexed"}
        for key in ("endDiastole", "endSystole"):
            expect(function.get(key) == expected_function.get(key), key)
        expect(abs(volume(record) - volume({"function": expected_function})) < 0.05, "the volumes differ")
        for text in said:
            expect(text in messages, f"'{text}' is not said: {messages}")


def volume(record):
    return record["function"]["leftVentricle"]["endDiastolicVolume"]


def is_refused(name, *inputs, said, code=65):
    with case(name):
        found, messages, output = run(*inputs, name=name.replace(" ", "-"))
        expect(found == code, f"exit code {found}: {messages}")
        expect(said in messages, f"'{said}' is not said: {messages}")
        expect("DICOMConvert crashed" not in messages, messages)
        images = json.loads((output / "segmentation.json").read_text())["images"]
        expect(any(said in (image["error"] or "") for image in images), f"{images}")
        expect(not list(output.glob("*.nii.gz")), "labels were written")


expected, summary = reference()
expected_function = summary["images"][0]["function"]
assert (expected > 0).sum() > 1000, "the model found no heart; there is nothing to compare"
exports = work / "exports"

# Exports that are fine, of every kind

plain = save(stack() + others(), exports / "plain")
gives_the_labels(
    "a shuffled folder with other series", plain,
    said=['series 1 "localizer"', 'series 3 "cine 4ch": not taken, for it has 1 slice'])
gives_the_labels("a zip archive", zipped(plain, exports / "archive.zip"))
half = generate_uid()
both = stack(series=lambda *_: (half, 7))
mixed = save(both[::2], exports / "mixed")
zipped(save(both[1::2], exports / "part"), mixed / "rest.zip")
(mixed / "README.txt").write_text("no image")
gives_the_labels("a folder with a part in a zip archive", mixed)
by_slice = [generate_uid() for _ in range(slices)]
gives_the_labels(
    "a series for each slice", save(stack(series=lambda place, _: (by_slice[place], 10 + place)), exports / "by-slice"))
by_phase = [generate_uid() for _ in range(phases)]
gives_the_labels(
    "a series for each phase", save(stack(series=lambda _, phase: (by_phase[phase], 40 + phase)), exports / "by-phase"))
gives_the_labels("no trigger times", save(stack(timed=False), exports / "untimed"))
gives_the_labels("slices in wrong order", save(stack(order=[3, 0, *range(slices - 1, 3, -1), 1, 2]), exports / "order"))
gives_the_labels("no endings and no description", save(stack(description=""), exports / "nameless", ending=""))

rescaled = stack()
for index, data in enumerate(rescaled):
    scale = (1.0, 2.0, 4.0)[index % 3]
    values = np.frombuffer(data.PixelData, "<u2").reshape(rows, columns) // 4 * 4
    data.RescaleSlope, data.RescaleIntercept = scale, -8.0
    data.PixelData = (values / scale + 8 / scale).astype("<u2").tobytes()
coarse = stored // 4 * 4
with case("slopes and intercepts of every image"):
    code, messages, output = run(save(rescaled, exports / "rescaled"), name="rescaled")
    expect(code == 0, messages)
    file = work / "coarse_4d.nii.gz"
    nibabel.save(nibabel.Nifti1Image(coarse.transpose(3, 2, 1, 0).astype(np.float32), np.diag([*spacing, 1])), file)
    run(file, name="coarse")
    expect((labels_of(output / "rescaled_seg.nii.gz")
            == labels_of(work / "labels" / "coarse" / "coarse_4d_seg.nii.gz")).all(), "labels differ")

signed = stack()
for data in signed:
    data.PixelRepresentation, data.BitsStored, data.HighBit = 1, 14, 13
    values = np.frombuffer(data.PixelData, "<u2").astype(np.int32) - 2000
    # The two bits above those that are stored mean nothing.
    data.PixelData = ((values & 0x3FFF) | 0x4000).astype("<u2").tobytes()
gives_the_labels("signed values of 14 bits", save(signed, exports / "signed"))
implicit = stack()
for data in implicit:
    data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
gives_the_labels("implicit value representations", save(implicit, exports / "implicit"))
gives_the_labels("a multi-frame image", save(phantom.enhanced(), exports / "enhanced"))
for name, program in {"JPEG": ["dcmcjpeg"], "JPEG-LS": ["dcmcjpls"], "RLE": ["dcmcrle"]}.items():
    folder = exports / f"compressed-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for index, path in enumerate(sorted(path for path in save(stack(), exports / "part").rglob("*") if path.is_file())):
        subprocess.run([*program, path, folder / f"{index}.dcm"], check=True)
    gives_the_labels(f"compressed by {name}", folder, stem=folder.name)

twice = stack()
gives_the_labels("images twice", save(twice + twice[:25], exports / "twice"), said=["copies of others"])
retake = generate_uid()
again = [image(
    stored[phase, 2], position(2), phase + 1, series=retake, series_number=8, description="cine sax again",
    time=30.0 * phase) for phase in range(phases)]
worse = stack()
for data in worse[2 * phases:3 * phases]:
    data.PixelData = bytes(len(data.PixelData))
gives_the_labels("a slice that was taken again", save(worse + again, exports / "retake"), said=["was taken 2 times"])
two_studies = stack()
phantom.new_study()
two_studies += stack()
with case("two studies in one archive"):
    code, messages, output = run(zipped(save(two_studies, exports / "two"), exports / "two.zip"), name="two")
    expect(code == 0, messages)
    for number in (1, 2):
        expect((labels_of(output / f"two-{number}_seg.nii.gz") == expected).all(), f"study {number}")

# Exports that cannot be used, each with its sentence

whole = stack()
is_refused(
    "an image is missing", save(whole[:37] + whole[38:], exports / "hole"), said="images are missing; export the series")
is_refused(
    "a slice is missing", save(whole[:4 * phases] + whole[5 * phases:], exports / "gap"), said="a slice is missing")
is_refused("other series only", save(others(), exports / "others"), said="it has no short-axis cine")
tomography = stack()
for data in tomography:
    data.Modality, data.SOPClassUID = "CT", CTImageStorage
    data.file_meta.MediaStorageSOPClassUID = CTImageStorage
is_refused("computed tomography", save(tomography, exports / "ct"), said="no file is a magnetic resonance image")
unreadable = stack()
for data in unreadable:
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 no image"])
    data["PixelData"].VR = "OB"
is_refused("JPEG 2000", save(unreadable, exports / "jpeg2000"), said="compressed in a way that cannot be read")
short = save(stack(), exports / "short")
for path in sorted(path for path in short.rglob("*") if path.is_file())[:5]:
    path.write_bytes(path.read_bytes()[:5000])
is_refused("truncated files", short, said="short")
(exports / "damaged.zip").write_bytes((exports / "archive.zip").read_bytes()[:200_000])
is_refused("a damaged archive", exports / "damaged.zip", said="cannot be opened as a zip archive")
with zipfile.ZipFile(exports / "hostile.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("../../escaped.dcm", bytes(128) + b"DICM" + random.Random(2).randbytes(4000))
    archive.writestr("/tmp/escaped.dcm", bytes(128) + b"DICM" + bytes(1 << 20))
    archive.writestr("\x1b[31mred\x07.dcm", bytes(128) + b"DICM" + bytes(1 << 30))
is_refused("an archive with hostile names and a bomb", exports / "hostile.zip", said="hostile.zip")
with case("names of entries are printed without control characters"):
    _, messages, _ = run(exports / "hostile.zip", name="hostile")
    expect("red" in messages and "\x1b" not in messages and "\x07" not in messages, repr(messages))
whole_archive = zipped(save(stack(), exports / "part"), exports / "flipped.zip")
with zipfile.ZipFile(whole_archive) as archive:
    entry = archive.infolist()[10]
flipped = bytearray(whole_archive.read_bytes())
flipped[entry.header_offset + 30 + len(entry.filename) + entry.compress_size // 2] ^= 0x55
whole_archive.write_bytes(flipped)
is_refused("an archive with a flipped bit", exports / "flipped.zip", said="images are missing")
with case("a hostile archive writes no file outside"):
    expect(not pathlib.Path("/tmp/escaped.dcm").exists() and not (work.parent / "escaped.dcm").exists())
lies = stack()
for data in lies:
    data.Rows = 60_000
is_refused("rows that are not there", save(lies, exports / "lies"), said="60000 rows")
escape = stack(description="sax \x1b[31mred\x1b]0;title\x07")
with case("no control characters are printed"):
    code, messages, _ = run(save(escape + others(), exports / "escape"), name="escape")
    expect(code == 0 and "\x1b" not in messages and "\x07" not in messages, messages)

with case("without DICOMConvert, a sentence says what to do"):
    alone = work / "alone"
    alone.mkdir(exist_ok=True)
    shutil.copy(segment, alone / "Segment")
    done = subprocess.run(
        [alone / "Segment", model, plain, "--output", work / "labels" / "alone"], capture_output=True, text=True,
        env={"PATH": "/usr/bin"})
    expect(done.returncode == 66 and "swift build -c release --package-path DICOM" in done.stderr, done.stderr)

with case("a data set of two studies, without labels, is pre-trained on"):
    folder = work / "dataset"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        ["DICOMConvert", "dataset", exports / "two.zip", exports / "plain", "--output", folder, "--phases", "3"], check=True)
    found = sorted(path.name for path in (folder / "imagesTr").iterdir())
    expect(len(found) == 9 and found[0] == "case001_frame01_0000.nii.gz", f"{found}")
    first = np.asarray(nibabel.load(folder / "imagesTr" / "case003_frame01_0000.nii.gz").dataobj)
    expect((first.transpose(2, 1, 0) == stored[0]).all(), "the first phase has other values")
    expect(len((folder / "studies.csv").read_text().splitlines()) == 4)
    again = subprocess.run(
        ["DICOMConvert", "dataset", exports / "plain", "--output", folder], capture_output=True, text=True)
    expect(again.returncode == 73 and "is not empty" in again.stderr, again.stderr)
    # A client for each study: the layout is what the programs read.
    shutil.rmtree(work / "pretrained", ignore_errors=True)
    subprocess.run(
        [pathlib.Path(segment).parent / "ACDCPretrain", "--data", folder, "--clients", "3", "--rounds", "1", "--width", "2",
         "--size", "32", "--spacing", "6", "--probe-every", "0", "--output", work / "pretrained", "--quiet"], check=True)
    expect((work / "pretrained" / "encoder.safetensors").exists())

with case("an export that cannot be used does not stop the others"):
    code, messages, output = run(exports / "hole", exports / "archive.zip", name="batch")
    expect(code == 65 and "images are missing" in messages, messages)
    expect((labels_of(output / "archive_seg.nii.gz") == expected).all(), "labels differ")

# Segmentation objects


def check_object(path, phase):
    """Checks that highdicom reads the labels of a phase from a segmentation object."""
    data = highdicom.seg.segread(path)
    expect(data.StudyInstanceUID and data.PatientID == "P1" and data.Modality == "SEG")
    array = np.zeros((slices, rows, columns), np.uint8)
    names = {}
    for number in data.segment_numbers:
        description = data.get_segment_description(number)
        names[description.segment_label] = number
        expect(description.algorithm_type.value == "AUTOMATIC")
    classes = summary["classes"]
    expect(set(names) <= set(classes[1:]), f"{names}")
    offsets = [float(np.dot(position(place), normal)) for place in range(slices)]
    for index, frame in enumerate(data.PerFrameFunctionalGroupsSequence):
        number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        place = [float(value) for value in frame.PlanePositionSequence[0].ImagePositionPatient]
        slice_index = int(np.argmin([abs(np.dot(place, normal) - offset) for offset in offsets]))
        label = classes.index(data.get_segment_description(number).segment_label)
        mask = data.pixel_array[index] if data.pixel_array.ndim == 3 else data.pixel_array
        expect(not (array[slice_index][mask > 0]).any(), "two segments overlap")
        array[slice_index][mask > 0] = label
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        expect(source in sources[phase], "a frame refers to an image of another phase")
    expect((array == expected[phase]).all(), f"{int((array != expected[phase]).sum())} labels differ")


with case("segmentation objects are read back by highdicom"):
    images = stack()
    sources = {phase: {str(data.SOPInstanceUID) for data in images[phase::phases]} for phase in range(phases)}
    code, messages, output = run(save(images, exports / "objects"), name="objects")
    expect(code == 0, messages)
    record = json.loads((output / "segmentation.json").read_text())["images"][0]
    expect(len(record["segmentationObjects"]) == 2, f"{record}")
    check_object(output / "objects_seg_ED.dcm", record["function"]["endDiastole"] - 1)
    check_object(output / "objects_seg_ES.dcm", record["function"]["endSystole"] - 1)
    expect(record["function"]["bodySurfaceArea"] is not None, "the body of the patient is not known")
with case("nothing is replaced without --force"):
    (output / "segmentation.json").unlink()
    for path in output.glob("*.nii.gz"):
        path.unlink()
    done = subprocess.run([segment, model, exports / "objects", "--output", output], capture_output=True, text=True)
    expect(done.returncode == 73 and "objects_seg_ED.dcm is there already" in done.stderr, done.stderr)

# The loop with an archive


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


http_port, dicom_port = free_port(), free_port()


def orthanc(path, data=None):
    request = urllib.request.Request(f"http://127.0.0.1:{http_port}{path}", data=data)
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


with case("Orthanc: images in, segmentation back"):
    folder = work / "orthanc"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "orthanc.json").write_text(json.dumps({
        "Name": "test", "StorageDirectory": str(folder / "storage"), "IndexDirectory": str(folder / "storage"),
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "HttpPort": http_port, "DicomPort": dicom_port,
        "DicomServerEnabled": True, "DicomAlwaysAllowStore": True, "StableAge": 2, "Plugins": [],
        "HttpBindAddresses": ["127.0.0.1"]}))
    with open(folder / "log", "w") as log:
        archive = subprocess.Popen(["Orthanc", folder / "orthanc.json"], stdout=log, stderr=log)
    try:
        for _ in range(100):
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                orthanc("/system")
                break
        subprocess.run(["storescu", "+sd", "+r", "127.0.0.1", str(dicom_port), exports / "objects"], check=True)
        for _ in range(100):
            time.sleep(0.2)
            stable = [change for change in json.loads(orthanc("/changes?limit=1000"))["Changes"]
                      if change["ChangeType"] == "StableStudy"]
            if stable:
                break
        study = stable[0]["ID"]
        (folder / "study.zip").write_bytes(orthanc(f"/studies/{study}/archive"))
        code, messages, output = run(folder / "study.zip", name="orthanc")
        expect(code == 0, messages)
        for path in sorted(output.glob("*.dcm")):
            answer = json.loads(orthanc("/instances", path.read_bytes()))
            expect(answer["Status"] == "Success", f"{answer}")
        series = [json.loads(orthanc(f"/series/{uid}")) for uid in json.loads(orthanc(f"/studies/{study}"))["Series"]]
        found = [entry for entry in series if entry["MainDicomTags"]["Modality"] == "SEG"]
        expect(len(found) == 2, f"{[entry['MainDicomTags'] for entry in series]}")
        back = io.BytesIO(orthanc(f"/instances/{found[0]['Instances'][0]}/file"))
        expect(pydicom.dcmread(back).Modality == "SEG")
    finally:
        archive.terminate()
        archive.wait(30)

print(f"{len(failures)} cases failed" if failures else "all cases passed")
sys.exit(1 if failures else 0)
