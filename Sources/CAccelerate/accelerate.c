#include "CAccelerate.h"

#if defined(__APPLE__)

#include <Accelerate/Accelerate.h>
#include <stdlib.h>

void accelerate_use_one_thread(void) { BLASSetThreading(BLAS_THREADING_SINGLE_THREADED); }

void accelerate_sgemm(
    int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
    float beta, float *c, int ldc) {
    cblas_sgemm(
        CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans, transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha,
        a, lda, b, ldb, beta, c, ldc);
}

void accelerate_normal_equations(
    int rows, int width, int height, const double *x, const double *y, double *gram, double *moment) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, width, rows, 1, x, width, 0, gram, width);
    cblas_dgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, width, height, rows, 1, x, width, y, height, 0, moment, height);
}

int accelerate_dposv(int extent, int columns, double *a, double *b) {
    // LAPACK is column-major: the upper triangle of rows is the lower triangle of columns, and b has to be turned.
    double *turned = malloc(sizeof(double) * (size_t)extent * (size_t)columns);
    if (!turned) return -1;
    for (int i = 0; i < extent; i++) {
        for (int j = 0; j < columns; j++) turned[(size_t)j * extent + i] = b[(size_t)i * columns + j];
    }
    __LAPACK_int n = extent, count = columns, status = 0;
    dposv_("L", &n, &count, a, &n, turned, &n, &status);
    for (int i = 0; i < extent; i++) {
        for (int j = 0; j < columns; j++) b[(size_t)i * columns + j] = turned[(size_t)j * extent + i];
    }
    free(turned);
    return (int)status;
}

int accelerate_dgesdd(int rows, int columns, double *a, double *values, double *left, double *right) {
    // LAPACK sees the transpose: aᵀ = rightᵀ · diag(values) · leftᵀ, of columns × rows.
    __LAPACK_int m = columns, n = rows, count = m < n ? m : n, length = -1, status = 0;
    __LAPACK_int *integers = malloc(sizeof(__LAPACK_int) * 8 * (size_t)count);
    double needed = 0;
    dgesdd_("S", &m, &n, a, &m, values, right, &m, left, &count, &needed, &length, integers, &status);
    length = (__LAPACK_int)needed;
    double *work = malloc(sizeof(double) * (size_t)(length > 0 ? length : 1));
    if (integers && work && status == 0) {
        dgesdd_("S", &m, &n, a, &m, values, right, &m, left, &count, work, &length, integers, &status);
    } else {
        status = -1;
    }
    free(work);
    free(integers);
    return (int)status;
}

#else

// ISO C forbids an empty file.
typedef int accelerate_is_elsewhere;

#endif
