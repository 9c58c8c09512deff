#pragma once

#include "CDCMTK.h"

// DCMTK's headers redefine what the command line may define.
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

struct dicom_file {
    DcmFileFormat format;
    bool decoded = false;
};

/// Writes a reason, shortened to its buffer.
void dicom_say(char *message, const char *text);
