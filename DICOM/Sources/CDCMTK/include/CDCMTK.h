#pragma once

#include <stddef.h>
#include <stdint.h>

// What this package needs of DCMTK, in C. No function throws; those that can fail write the reason to `message`, a
// buffer of `dicom_message_size` bytes.

#ifdef __cplusplus
extern "C" {
#endif

enum { dicom_message_size = 256 };

/// A file that has been read. It is used by one thread at a time.
typedef struct dicom_file dicom_file;

/// Reads a file, or only what precedes the pixels; NULL if it cannot be read.
dicom_file *dicom_open(const char *path, int header_only, char *message);
/// Reads a file in memory, which may be released afterwards; NULL if it cannot be read.
dicom_file *dicom_open_memory(const void *bytes, size_t count, int header_only, char *message);
void dicom_close(dicom_file *file);

/// Writes the values of an element, separated by backslashes, and returns their length without the final zero; −1 if
/// the element is absent, or longer than `capacity` − 1.
int dicom_text(dicom_file *file, uint16_t group, uint16_t element, char *text, size_t capacity);
/// The same for an element of a functional group of one frame of a multi-frame image, counted from 0: that of the frame,
/// or else the one that all frames share.
int dicom_frame_text(
    dicom_file *file, uint32_t frame, uint16_t sequence_group, uint16_t sequence_element, uint16_t group,
    uint16_t element, char *text, size_t capacity);
/// The UID of the transfer syntax, as `dicom_text`.
int dicom_transfer_syntax(dicom_file *file, char *text, size_t capacity);

/// Writes the stored values of one frame, counted from 0, without rescaling; `count` is rows × columns. Returns 0, or −1
/// if the pixels are missing, compressed in an unknown way, or not one sample of 8 or 16 bits each.
int dicom_pixels(dicom_file *file, uint32_t frame, float *pixels, size_t count, char *message);

/// A structure of a segmentation object: the label of its voxels, its name, and its code in SNOMED CT.
typedef struct {
    uint8_t label;
    const char *name;
    const char *code;
    const char *meaning;
} dicom_segment;

/// A plane of a segmentation object, and the image that it was made from.
typedef struct {
    /// rows × columns labels.
    const uint8_t *labels;
    /// The center of the first pixel in mm.
    double position[3];
    const char *source_class;
    const char *source_instance;
    const char *source_series;
    /// The number of the frame in a multi-frame image, from 1; 0 for an image of one frame.
    uint16_t source_frame;
} dicom_plane;

/// A binary segmentation object.
typedef struct {
    uint16_t rows, columns;
    /// The distances of rows and of columns, the thickness, and the distance of planes, in mm.
    double pixel_spacing[2], thickness, spacing;
    double orientation[6];
    const dicom_segment *segments;
    size_t segment_count;
    const dicom_plane *planes;
    size_t plane_count;
    /// The program and its version.
    const char *software, *version;
    const char *series_description;
    uint32_t series_number;
} dicom_segmentation;

/// Writes a segmentation object with the patient, the study, and the frame of reference of `source`. Frames without any
/// voxel of a segment are left out. Returns 0, or −1.
int dicom_write_segmentation(
    dicom_file *source, const dicom_segmentation *segmentation, const char *path, char *message);

#ifdef __cplusplus
}
#endif
