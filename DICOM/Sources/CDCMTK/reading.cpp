#include "file.hpp"

#include <cstdio>
#include <cstring>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/oflog/oflog.h>
#include <mutex>
#include <new>

void dicom_say(char *message, const char *text) { snprintf(message, dicom_message_size, "%s", text); }

namespace {

/// Silences DCMTK's log and registers the decoders, once.
void start() {
    static std::once_flag once;
    std::call_once(once, [] {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        DcmRLEDecoderRegistration::registerCodecs();
        DJDecoderRegistration::registerCodecs();
        DJLSDecoderRegistration::registerCodecs();
    });
}

/// Returns a file that `read` fills; NULL if that fails.
template <typename Reader> dicom_file *open(char *message, Reader read) {
    start();
    dicom_file *file = nullptr;
    try {
        file = new dicom_file;
        OFCondition status = read(file->format);
        if (status.good()) return file;
        dicom_say(message, status.text());
    } catch (const std::bad_alloc &) {
        dicom_say(message, "there is not enough memory for it");
    } catch (...) {
        dicom_say(message, "DCMTK gives up on it");
    }
    delete file;
    return nullptr;
}

int text_of(DcmItem *item, const DcmTagKey &tag, char *text, size_t capacity) {
    if (!item || capacity == 0) return -1;
    try {
        OFString value;
        if (item->findAndGetOFStringArray(tag, value).bad() || value.length() >= capacity) return -1;
        memcpy(text, value.c_str(), value.length() + 1);
        return static_cast<int>(value.length());
    } catch (...) {
        return -1;
    }
}

/// Returns the item of a functional group, in that of the frame or in the shared one.
DcmItem *functional_group(DcmItem *dataset, uint32_t frame, const DcmTagKey &sequence) {
    DcmItem *item = nullptr, *group = nullptr;
    if (dataset->findAndGetSequenceItem(DCM_PerFrameFunctionalGroupsSequence, item, static_cast<long>(frame)).good()
        && item->findAndGetSequenceItem(sequence, group, 0).good())
        return group;
    if (dataset->findAndGetSequenceItem(DCM_SharedFunctionalGroupsSequence, item, 0).good()
        && item->findAndGetSequenceItem(sequence, group, 0).good())
        return group;
    return nullptr;
}

/// Writes values of `bits` significant bits, sign-extended if they have a sign.
template <typename Stored>
void convert(const Stored *values, size_t count, unsigned bits, unsigned shift, bool has_sign, float *pixels) {
    const uint32_t mask = (1u << bits) - 1, sign = 1u << (bits - 1);
    for (size_t i = 0; i < count; i++) {
        const uint32_t value = (static_cast<uint32_t>(values[i]) >> shift) & mask;
        const int32_t number = static_cast<int32_t>(value);
        pixels[i] = static_cast<float>(has_sign && (value & sign) ? number - static_cast<int32_t>(mask) - 1 : number);
    }
}

int pixels_of(dicom_file *file, uint32_t frame, float *pixels, size_t count, char *message) {
    DcmDataset *data = file->format.getDataset();
    if (!file->decoded) {
        if (data->chooseRepresentation(EXS_LittleEndianExplicit, nullptr).bad()
            || !data->canWriteXfer(EXS_LittleEndianExplicit)) {
            dicom_say(message, "its pixels are compressed in a way that cannot be read, or are damaged");
            return -1;
        }
        file->decoded = true;
    }
    Uint16 samples = 1, rows = 0, columns = 0, allocated = 0, stored = 0, high = 0, has_sign = 0;
    data->findAndGetUint16(DCM_SamplesPerPixel, samples);
    data->findAndGetUint16(DCM_Rows, rows);
    data->findAndGetUint16(DCM_Columns, columns);
    data->findAndGetUint16(DCM_BitsAllocated, allocated);
    if (data->findAndGetUint16(DCM_BitsStored, stored).bad()) stored = allocated;
    if (data->findAndGetUint16(DCM_HighBit, high).bad()) high = stored - 1;
    data->findAndGetUint16(DCM_PixelRepresentation, has_sign);
    if (samples != 1 || (allocated != 8 && allocated != 16) || stored == 0 || stored > allocated || high >= allocated
        || high + 1 < stored || static_cast<size_t>(rows) * columns != count || count == 0) {
        dicom_say(message, "its pixels are not one sample of 8 or 16 bits each");
        return -1;
    }
    const size_t start = count * frame;
    unsigned long available = 0;
    const char *missing = "it has fewer pixels than its header says";
    if (allocated == 8) {
        const Uint8 *values = nullptr;
        if (data->findAndGetUint8Array(DCM_PixelData, values, &available).bad() || !values
            || available < start + count) {
            dicom_say(message, missing);
            return -1;
        }
        convert(values + start, count, stored, high + 1 - stored, has_sign == 1, pixels);
    } else {
        const Uint16 *values = nullptr;
        if (data->findAndGetUint16Array(DCM_PixelData, values, &available).bad() || !values
            || available < start + count) {
            dicom_say(message, missing);
            return -1;
        }
        convert(values + start, count, stored, high + 1 - stored, has_sign == 1, pixels);
    }
    return 0;
}

} // namespace

extern "C" {

dicom_file *dicom_open(const char *path, int header_only, char *message) {
    return open(message, [&](DcmFileFormat &format) {
        return header_only ? format.loadFileUntilTag(
                   path, EXS_Unknown, EGL_noChange, DCM_MaxReadLength, ERM_fileOnly, DCM_PixelData)
                           : format.loadFile(path, EXS_Unknown, EGL_noChange, DCM_MaxReadLength, ERM_fileOnly);
    });
}

dicom_file *dicom_open_memory(const void *bytes, size_t count, int header_only, char *message) {
    return open(message, [&](DcmFileFormat &format) {
        DcmInputBufferStream stream;
        stream.setBuffer(bytes, count);
        stream.setEos();
        format.transferInit();
        OFCondition status = header_only
                                 ? format.readUntilTag(stream, EXS_Unknown, EGL_noChange, DCM_MaxReadLength,
                                       DCM_PixelData)
                                 : format.read(stream, EXS_Unknown, EGL_noChange, DCM_MaxReadLength);
        format.transferEnd();
        // Values longer than a few kilobytes still lie in the stream, which ends here.
        if (status.good() && !header_only) status = format.loadAllDataIntoMemory();
        return status;
    });
}

void dicom_close(dicom_file *file) { delete file; }

int dicom_text(dicom_file *file, uint16_t group, uint16_t element, char *text, size_t capacity) {
    return text_of(file->format.getDataset(), DcmTagKey(group, element), text, capacity);
}

int dicom_frame_text(
    dicom_file *file, uint32_t frame, uint16_t sequence_group, uint16_t sequence_element, uint16_t group,
    uint16_t element, char *text, size_t capacity) {
    try {
        DcmItem *item
            = functional_group(file->format.getDataset(), frame, DcmTagKey(sequence_group, sequence_element));
        return text_of(item, DcmTagKey(group, element), text, capacity);
    } catch (...) {
        return -1;
    }
}

int dicom_transfer_syntax(dicom_file *file, char *text, size_t capacity) {
    const DcmXfer syntax(file->format.getDataset()->getOriginalXfer());
    const char *uid = syntax.getXferID();
    const size_t length = uid ? strlen(uid) : 0;
    if (!uid || length >= capacity) return -1;
    memcpy(text, uid, length + 1);
    return static_cast<int>(length);
}

int dicom_pixels(dicom_file *file, uint32_t frame, float *pixels, size_t count, char *message) {
    try {
        return pixels_of(file, frame, pixels, count, message);
    } catch (const std::bad_alloc &) {
        dicom_say(message, "there is not enough memory for its pixels");
    } catch (...) {
        dicom_say(message, "DCMTK gives up on its pixels");
    }
    return -1;
}

} // extern "C"
