#pragma once

// OpenBLAS's CBLAS and the standard C interface to LAPACK. LAPACKE's header pulls in C's complex type, which
// Swift cannot import; only its real routines are used here.
#include <cblas.h>
#define LAPACK_COMPLEX_CUSTOM
#define lapack_complex_float float
#define lapack_complex_double double
#include <lapacke.h>
