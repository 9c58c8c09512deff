#pragma once

#include <stdint.h>

// The BLAS and LAPACK routines of Apple's Accelerate that Tensor calls, in place of OpenBLAS. They stand behind C
// functions because Swift imports only Accelerate's deprecated interface, whose successor is chosen by a macro of the
// C compiler. Matrices are row-major. Elsewhere this module is empty.

#if defined(__APPLE__)

/// Limits BLAS and LAPACK to the calling thread.
void accelerate_use_one_thread(void);

/// c = alpha · op(a) · op(b) + beta · c, where op(a) is m × k and op(b) is k × n; ld* are the distances between rows.
void accelerate_sgemm(
    int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
    float beta, float *c, int ldc);

/// The upper triangle of gram = xᵀ · x, and moment = xᵀ · y, for x of rows × width and y of rows × height.
void accelerate_normal_equations(
    int rows, int width, int height, const double *x, const double *y, double *gram, double *moment);

/// Solves a · x = b for a symmetric positive definite a of extent², whose upper triangle is read and overwritten; b,
/// extent × columns, is replaced by x. Returns 0, a positive number if a is not positive definite, or a negative number
/// if memory lacks.
int accelerate_dposv(int extent, int columns, double *a, double *b);

/// Decomposes a, rows × columns, which is overwritten, into left · diag(values) · right, with min(rows, columns)
/// singular values. Returns 0, a positive number if the iteration does not converge, or a negative number if memory
/// lacks.
int accelerate_dgesdd(int rows, int columns, double *a, double *values, double *left, double *right);

#endif
