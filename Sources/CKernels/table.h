#pragma once

#include "CKernels.h"

/// One level's version of every kernel.
struct ck_table {
    const char *level;
#define KERNEL(result, name, parameters, arguments) result(*name) parameters;
#include "kernel_list.h"
#undef KERNEL
};

extern const struct ck_table ck_table_baseline;
#if defined(__x86_64__)
extern const struct ck_table ck_table_avx2;
extern const struct ck_table ck_table_avx512;
#endif
