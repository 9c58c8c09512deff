#include "file.hpp"

#include <cstdio>
#include <dcmtk/dcmfg/fgderimg.h>
#include <dcmtk/dcmfg/fgfracon.h>
#include <dcmtk/dcmfg/fgpixmsr.h>
#include <dcmtk/dcmfg/fgplanor.h>
#include <dcmtk/dcmfg/fgplanpo.h>
#include <dcmtk/dcmseg/segdoc.h>
#include <dcmtk/dcmseg/segment.h>
#include <map>
#include <memory>
#include <vector>

namespace {

/// The first failure of a chain of calls.
struct Failure {
    OFCondition status;
};

void demand(const OFCondition &status) {
    if (status.bad()) throw Failure{status};
}

/// A number as the sixteen characters of a decimal string.
OFString decimal(double value) {
    char text[32];
    for (int digits = 10; digits > 0; digits--) {
        if (snprintf(text, sizeof text, "%.*g", digits, value) <= 16) break;
    }
    return text;
}

void add_segments(DcmSegmentation &document, const dicom_segmentation &given) {
    const OFString software = OFString(given.software) + " " + given.version;
    for (size_t index = 0; index < given.segment_count; index++) {
        const dicom_segment &segment = given.segments[index];
        DcmSegment *made = nullptr;
        demand(DcmSegment::create(
            made, segment.name, CodeSequenceMacro("123037004", "SCT", "Anatomical Structure"),
            CodeSequenceMacro(segment.code, "SCT", segment.meaning), DcmSegTypes::SAT_AUTOMATIC, software));
        Uint16 number = 0;
        demand(document.addSegment(made, number));
    }
}

void add_shared_groups(DcmSegmentation &document, const dicom_segmentation &given) {
    FGPixelMeasures measures;
    demand(measures.setPixelSpacing(decimal(given.pixel_spacing[0]) + "\\" + decimal(given.pixel_spacing[1])));
    demand(measures.setSliceThickness(decimal(given.thickness)));
    demand(measures.setSpacingBetweenSlices(decimal(given.spacing)));
    demand(document.addForAllFrames(measures));
    const double *axes = given.orientation;
    std::unique_ptr<FGPlaneOrientationPatient> orientation(FGPlaneOrientationPatient::createMinimal(
        decimal(axes[0]), decimal(axes[1]), decimal(axes[2]), decimal(axes[3]), decimal(axes[4]), decimal(axes[5])));
    if (!orientation) throw Failure{EC_IllegalParameter};
    demand(document.addForAllFrames(*orientation));
}

void add_dimensions(DcmSegmentation &document) {
    char uid[100];
    dcmGenerateUniqueIdentifier(uid, SITE_INSTANCE_UID_ROOT);
    IODMultiframeDimensionModule &dimensions = document.getDimensions();
    demand(dimensions.addDimensionIndex(
        DCM_ReferencedSegmentNumber, uid, DCM_SegmentIdentificationSequence, "Segment"));
    demand(dimensions.addDimensionIndex(
        DCM_ImagePositionPatient, uid, DCM_PlanePositionSequence, "Position"));
}

/// Adds the frames of one plane: one for each segment that has a voxel in it.
void add_frames(DcmSegmentation &document, const dicom_segmentation &given, size_t index) {
    const dicom_plane &plane = given.planes[index];
    const size_t count = static_cast<size_t>(given.rows) * given.columns;
    std::unique_ptr<FGPlanePosPatient> position(FGPlanePosPatient::createMinimal(
        decimal(plane.position[0]), decimal(plane.position[1]), decimal(plane.position[2])));
    if (!position) throw Failure{EC_IllegalParameter};

    ImageSOPInstanceReferenceMacro reference;
    demand(reference.setReferencedSOPClassUID(plane.source_class));
    demand(reference.setReferencedSOPInstanceUID(plane.source_instance));
    if (plane.source_frame > 0) demand(reference.addReferencedFrameNumber(plane.source_frame));
    FGDerivationImage derivation;
    DerivationImageItem *item = nullptr;
    demand(derivation.addDerivationImageItem(
        CodeSequenceMacro("113076", "DCM", "Segmentation"), "automatic segmentation", item));
    std::unique_ptr<SourceImageItem> source(new SourceImageItem);
    source->getImageSOPInstanceReference() = reference;
    demand(source->getPurposeOfReferenceCode().set("121322", "DCM", "Source image for image processing operation"));
    item->getSourceImageItems().push_back(source.release());

    std::vector<Uint8> mask(count);
    for (size_t segment = 0; segment < given.segment_count; segment++) {
        bool any = false;
        for (size_t i = 0; i < count; i++) {
            mask[i] = plane.labels[i] == given.segments[segment].label;
            any = any || mask[i];
        }
        if (!any) continue;
        FGFrameContent content;
        demand(content.setDimensionIndexValues(static_cast<Uint32>(segment + 1), 0));
        demand(content.setDimensionIndexValues(static_cast<Uint32>(index + 1), 1));
        OFVector<FGBase *> groups;
        groups.push_back(position.get());
        groups.push_back(&content);
        groups.push_back(&derivation);
        demand(document.addFrame(mask.data(), static_cast<Uint16>(segment + 1), groups));
    }
}

/// Lists the source images by series, as the common instance reference wants them.
void add_references(DcmItem &dataset, const dicom_segmentation &given) {
    std::map<OFString, std::map<OFString, OFString>> series;
    for (size_t index = 0; index < given.plane_count; index++) {
        const dicom_plane &plane = given.planes[index];
        series[plane.source_series][plane.source_instance] = plane.source_class;
    }
    long place = 0;
    for (const auto &entry : series) {
        DcmItem *item = nullptr;
        demand(dataset.findOrCreateSequenceItem(DCM_ReferencedSeriesSequence, item, place++));
        demand(item->putAndInsertOFStringArray(DCM_SeriesInstanceUID, entry.first));
        long number = 0;
        for (const auto &instance : entry.second) {
            DcmItem *image = nullptr;
            demand(item->findOrCreateSequenceItem(DCM_ReferencedInstanceSequence, image, number++));
            demand(image->putAndInsertOFStringArray(DCM_ReferencedSOPClassUID, instance.second));
            demand(image->putAndInsertOFStringArray(DCM_ReferencedSOPInstanceUID, instance.first));
        }
    }
}

void write(dicom_file &source, const dicom_segmentation &given, const char *path) {
    const IODGeneralEquipmentModule::EquipmentInfo equipment(given.software, given.software, "0", given.version);
    const ContentIdentificationMacro identification("1", "SEGMENTATION", given.series_description, "");
    DcmSegmentation *made = nullptr;
    demand(DcmSegmentation::createBinarySegmentation(made, given.rows, given.columns, equipment, identification));
    std::unique_ptr<DcmSegmentation> document(made);
    demand(document->importFromSourceImage(*source.format.getDataset()));
    demand(document->getSeries().setSeriesDescription(given.series_description));
    char number[16];
    snprintf(number, sizeof number, "%u", given.series_number);
    demand(document->getSeries().setSeriesNumber(number));
    add_segments(*document, given);
    add_shared_groups(*document, given);
    add_dimensions(*document);
    for (size_t index = 0; index < given.plane_count; index++) add_frames(*document, given, index);
    DcmFileFormat format;
    demand(document->writeDataset(*format.getDataset()));
    add_references(*format.getDataset(), given);
    demand(format.saveFile(path, EXS_LittleEndianExplicit));
}

} // namespace

extern "C" int dicom_write_segmentation(
    dicom_file *source, const dicom_segmentation *segmentation, const char *path, char *message) {
    try {
        write(*source, *segmentation, path);
        return 0;
    } catch (const Failure &failure) {
        dicom_say(message, failure.status.text());
    } catch (...) {
        dicom_say(message, "DCMTK gives up");
    }
    return -1;
}
