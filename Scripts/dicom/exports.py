"""DICOM exports of a phantom: what a scanner or an archive may hand out."""

import random
import shutil
import zipfile

import nibabel
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid


class Phantom:
    """A cine and the plane in which a scanner took it."""

    def __init__(self, path):
        cine = nibabel.load(path)
        # [phase, slice, row, column], as a scanner stores them: integers of 12 bits. A few of the phases are enough here.
        voxels = np.asarray(cine.dataobj, dtype=np.float64).transpose(3, 2, 1, 0)[::5]
        self.stored = np.round(voxels / voxels.max() * 4000).astype(np.uint16)
        self.phases, self.slices, self.rows, self.columns = self.stored.shape
        self.spacing = [float(width) for width in cine.header.get_zooms()[:3]]
        # An oblique short axis: the rows and columns of its planes, and the normal, in the patient's coordinates.
        self.row = np.array([0.71, 0.41, -0.57]) / np.linalg.norm([0.71, 0.41, -0.57])
        column = np.cross(np.array([0.6, -0.7, 0.38]), self.row)
        self.column = column / np.linalg.norm(column)
        self.normal = np.cross(self.row, self.column)
        self.corner = np.array([-110.0, -60.0, 80.0])
        self.new_study()

    def new_study(self):
        """Takes the images that follow in another examination."""
        self.study, self.frame_of_reference = generate_uid(), generate_uid()

    def header(self, series, number, description, sop_class=MRImageStorage):
        """A dataset of the patient, the study, and a series."""
        data = Dataset()
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = sop_class
        data.PatientName, data.PatientID, data.PatientSex, data.PatientBirthDate = "Phantom^One", "P1", "O", "19700101"
        data.PatientSize, data.PatientWeight = 1.7, 60.0
        data.StudyInstanceUID, data.SeriesInstanceUID = self.study, series
        data.FrameOfReferenceUID = self.frame_of_reference
        data.StudyDate, data.StudyTime, data.StudyID, data.AccessionNumber = "20260101", "120000", "1", "1"
        data.ReferringPhysicianName, data.Manufacturer = "", "made by pydicom"
        data.Modality, data.SeriesNumber, data.SeriesDescription = "MR", number, description
        data.PositionReferenceIndicator = ""
        return data

    def image(self, values, position, number, *, series, description, series_number, time=None, axes=None):
        """One image of one frame."""
        data = self.header(series, series_number, description)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
        data.ImagePositionPatient = [f"{value:.6f}" for value in position]
        data.ImageOrientationPatient = [f"{value:.8f}" for value in (axes or [*self.row, *self.column])]
        data.PixelSpacing, data.SliceThickness = [self.spacing[1], self.spacing[0]], 8.0
        data.InstanceNumber, data.AcquisitionNumber = number, 1
        if time is not None:
            data.TriggerTime = f"{time:.3f}"
        data.RescaleSlope, data.RescaleIntercept = 1.0, 0.0
        self.pixels(data, values)
        return data

    def pixels(self, data, values):
        """Adds pixels of 12 bits."""
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.Rows, data.Columns = values.shape[-2:]
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
        data.PixelData = np.ascontiguousarray(values, dtype="<u2").tobytes()

    def position(self, slice_index):
        """The center of the first pixel of a slice."""
        return self.corner + self.normal * self.spacing[2] * slice_index

    def stack(self, *, series=None, series_number=7, description="cine sax", timed=True, order=None):
        """All images of the cine, slice by slice; `series` gives the series of a slice and phase."""
        one, number, images = generate_uid(), 0, []
        for place in order or range(self.slices):
            for phase in range(self.phases):
                number += 1
                uid, series_index = series(place, phase) if series else (one, series_number)
                images.append(self.image(
                    self.stored[phase, place], self.position(place), number, series=uid, series_number=series_index,
                    description=description, time=30.0 * phase if timed else None))
        return images

    def others(self):
        """What an export has besides: a localizer, a long-axis cine, and a document."""
        localizer, long_axis = generate_uid(), generate_uid()
        result = [self.image(
            self.stored[0, 4], self.corner + [0, 0, 10.0 * index], index + 1, series=localizer, series_number=1,
            description="localizer", axes=[1, 0, 0, 0, 1, 0] if index < 3 else [0, 1, 0, 0, 0, -1]) for index in range(5)]
        result += [self.image(
            self.stored[phase, 4], self.corner, phase + 1, series=long_axis, series_number=3, description="cine 4ch",
            axes=[0, 1, 0, 0, 0, -1], time=30.0 * phase) for phase in range(self.phases)]
        report = self.header(generate_uid(), 99, "report", "1.2.840.10008.5.1.4.1.1.88.11")
        report.SOPInstanceUID = report.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        report.Modality = "SR"
        return result + [report]

    def enhanced(self):
        """The whole cine as one multi-frame image."""
        data = self.header(generate_uid(), 7, "cine sax", EnhancedMRImageStorage)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        data.ImageType, data.InstanceNumber = ["ORIGINAL", "PRIMARY", "CARDIAC", "NONE"], 1
        shared, frames = Dataset(), []

        def group(**values):
            item = Dataset()
            for name, value in values.items():
                setattr(item, name, value)
            return [item]

        axes = [f"{value:.8f}" for value in [*self.row, *self.column]]
        shared.PlaneOrientationSequence = group(ImageOrientationPatient=axes)
        shared.PixelMeasuresSequence = group(PixelSpacing=[self.spacing[1], self.spacing[0]], SliceThickness=8.0)
        data.SharedFunctionalGroupsSequence = [shared]
        values = []
        for phase in range(self.phases):
            for place in range(self.slices):
                frame = Dataset()
                corner = [f"{value:.6f}" for value in self.position(place)]
                frame.PlanePositionSequence = group(ImagePositionPatient=corner)
                frame.CardiacSynchronizationSequence = group(NominalCardiacTriggerDelayTime=30.0 * phase)
                frame.PixelValueTransformationSequence = group(RescaleSlope=2.0, RescaleIntercept=-5.0, RescaleType="US")
                frames.append(frame)
                values.append(self.stored[phase, place])
        data.PerFrameFunctionalGroupsSequence = frames
        data.NumberOfFrames = len(frames)
        self.pixels(data, np.stack(values))
        return [data]


def save(images, folder, *, ending=".dcm"):
    """Writes files, in any order, with names that tell nothing, in folders."""
    shutil.rmtree(folder, ignore_errors=True)
    images = list(images)
    random.Random(1).shuffle(images)
    for index, data in enumerate(images):
        path = folder / f"{index % 3}" / f"IM{index:05}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        data.save_as(path, enforce_file_format=True)
    return folder


def zipped(folder, path):
    """Writes the files of a folder as an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path
