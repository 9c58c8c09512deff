#pragma once

#include <stddef.h>
#include <stdint.h>

// Loops over floats that Swift's default x86-64 target (SSE2) would leave slow. Each is compiled for AVX-512, for
// AVX2 with FMA and for the baseline; the best level that the machine has is chosen once, when the program starts.
// The environment variable TENSOR_ISA=avx512|avx2|baseline asks for a lower level. On other processors there is one
// level. Nothing here allocates, decides or starts threads.
//
// Arrays do not overlap unless a comment says so. Matrices are row-major; `rows × channels` means that the channel
// index is contiguous.

/// The name of the level in use: "avx512", "avx2" or "baseline".
const char *ck_level(void);
/// Chooses the best level that the machine has, up to the one of that name; NULL means no limit. Called when the program
/// starts; afterwards only by a test that has the process to itself, before any work.
void ck_choose_level(const char *highest);

/// Sets flush-to-zero and denormals-are-zero on this thread and returns what was set before.
uint32_t ck_flush_denormals(void);
/// Restores what `ck_flush_denormals` returned.
void ck_restore_denormals(uint32_t state);

/// Tells the processor that this thread only waits.
static inline void ck_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// Vectors

void ck_fill(size_t n, float value, float *y);
/// y += a x
void ck_axpy(size_t n, float a, const float *x, float *y);
/// y = a x, also in place
void ck_scale(size_t n, float a, const float *x, float *y);
/// y += t (x − y)
void ck_interpolate(size_t n, float t, const float *x, float *y);
/// y = a + b, a − b, a b, a / b; y may be a or b
void ck_add(size_t n, const float *a, const float *b, float *y);
void ck_subtract(size_t n, const float *a, const float *b, float *y);
void ck_multiply(size_t n, const float *a, const float *b, float *y);
void ck_divide(size_t n, const float *a, const float *b, float *y);
/// y += s a b
void ck_multiply_add(size_t n, float s, const float *a, const float *b, float *y);
/// y = exp x (relative error below 2e-7), y = ln x, y = √x
void ck_exp(size_t n, const float *x, float *y);
void ck_log(size_t n, const float *x, float *y);
void ck_sqrt(size_t n, const float *x, float *y);
double ck_sum(size_t n, const float *x);
double ck_dot(size_t n, const float *x, const float *y);
/// 1 when every value is finite
int ck_all_finite(size_t n, const float *x);

/// y = x for x > 0, slope · x otherwise
void ck_relu(size_t n, float slope, const float *x, float *y);
/// dx = dy · (y > 0 ? 1 : slope) + beta · dx
void ck_relu_backward(size_t n, float slope, const float *y, const float *dy, float beta, float *dx);

// Rows of channels

/// y[r][c] += bias[c]
void ck_add_row(size_t rows, size_t channels, const float *bias, float *y);
/// sum[c] += Σ_r x[r][c]
void ck_column_sum(size_t rows, size_t channels, const float *x, float *sum);
/// sum[c] = Σ_r (x[r][c] − x[0][c]), squares[c] = Σ_r (x[r][c] − x[0][c])²
void ck_moments(size_t rows, size_t channels, const float *x, float *sum, float *squares);
/// With g = dy · (x · scale[c] + shift[c] > 0 ? 1 : slope): sum[c] = Σ_r g, product[c] = Σ_r g · (x − mean[c])
void ck_normalization_sums(
    size_t rows, size_t channels, float slope, const float *scale, const float *shift, const float *mean,
    const float *x, const float *dy, float *sum, float *product);
/// With g as above, in place: dy = a[c] · g + b[c] · (x − mean[c]) + d[c]
void ck_normalization_backward(
    size_t rows, size_t channels, float slope, const float *scale, const float *shift, const float *mean,
    const float *a, const float *b, const float *d, const float *x, float *dy);
/// y[c][r] = x[r][c]
void ck_transpose(size_t rows, size_t columns, const float *x, float *y);
/// Softmax of each row, and its logarithm
void ck_softmax(size_t rows, size_t columns, const float *x, float *y);
void ck_log_softmax(size_t rows, size_t columns, const float *x, float *y);

// Images, channels last

/// Where the windows of a convolution or pooling lie. Rows of a column matrix are output pixels in the order image,
/// row, column.
typedef struct {
    int32_t height, width, channels;
    int32_t output_height, output_width;
    int32_t kernel_height, kernel_width;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;
} ck_windows;

/// columns[p − first][kh][kw][c] = the input under output pixel p, zero outside the image; first ≤ p < last
void ck_gather_columns(const ck_windows *w, size_t first, size_t last, const float *input, float *columns);
/// The adjoint: adds each column back to its place in the input
void ck_scatter_columns(const ck_windows *w, size_t first, size_t last, const float *columns, float *input);
/// The largest value under each of the output pixels first ..< last
void ck_max_pool(const ck_windows *w, size_t first, size_t last, const float *input, float *output);
/// gradient += upstream at the first position of each window that holds its largest value, whole images only; without
/// `add`, every pixel lies in exactly one window, and the gradient is overwritten
void ck_max_pool_backward(
    const ck_windows *w, size_t first, size_t last, const float *input, const float *output, const float *upstream,
    int add, float *gradient);
/// The mean over each window (its size counts the padding), and the adjoint
void ck_average_pool(const ck_windows *w, size_t first, size_t last, const float *input, float *output);
void ck_average_pool_backward(
    const ck_windows *w, size_t first, size_t last, const float *upstream, float *gradient);

// Optimizers, one pass each

/// v = momentum · v + (g + decay · x); x −= rate · (nesterov ? g + decay · x + momentum · v : v)
void ck_sgd(
    size_t n, float rate, float momentum, float decay, int nesterov, const float *g, float *v, float *x);
/// Adam with bias corrections c1 = 1 − β1^t, c2 = 1 − β2^t; `decay` is added to the gradient, `decoupled` shrinks x
void ck_adam(
    size_t n, float rate, float beta1, float beta2, float epsilon, float c1, float c2, float decay, float decoupled,
    const float *g, float *m, float *v, float *x);

// Products of matrices in cache, and what convolutions are lowered to them with

/// c[r][n] = Σ_{g < groups, p < depth} a[r · a_row + p · a_step + g · a_group] · b[g][p][n], where columns n of b lie in
/// blocks of sixteen: b[p · b_step + g · b_group + n / 16 · b_block + n % 16]. The last block of b is read whole.
/// There are `count` such products, each `next` floats behind the one before.
typedef struct {
    size_t rows, columns, depth, groups, count;
    const float *a;
    size_t a_row, a_step, a_group, a_next;
    const float *b;
    size_t b_step, b_group, b_block, b_next;
    float *c;
    size_t c_row, c_next;
} ck_matrices;
/// Computes c, or with `add` adds to it.
void ck_product(const ck_matrices *m, int add);

/// One image, or some of the channels of one: act(pixel · scale + shift) where there is a scale, else as stored.
typedef struct {
    const float *pixels;
    const float *scale, *shift;
    float slope;
    /// Channels stored, and channels to write: the rest are zeros.
    size_t channels, width;
} ck_part;
/// The rectangle of an image, height × width, that is wanted; it may lie partly outside, where there are zeros.
typedef struct {
    ptrdiff_t height, width;
    ptrdiff_t top, left, rows, columns;
    /// Floats between two pixels of the result.
    size_t stride;
} ck_band;
void ck_load_band(const ck_part *part, const ck_band *band, float *to);

/// A row of Winograd tiles, or of their transforms: `stride` floats from tile to tile, `position` floats from one of
/// the transform's n² positions to the next. Transforms hold channels rounded up to sixteen.
typedef struct {
    size_t count, channels;
    size_t stride, position;
} ck_tiles;
/// Where the m · count pixels of a row of tiles go: as many rows and columns as lie inside the image.
typedef struct {
    size_t rows, columns;
    size_t row, stride;
} ck_block;
/// Bᵀ x B of tiles that overlap by two pixels, from a band with `row` floats a row; m is 6, 4, or 2 here and below
void ck_winograd_input(int m, const ck_tiles *g, const float *band, size_t row, float *v);
/// A y Aᵀ of tiles side by side
void ck_winograd_upstream(int m, const ck_tiles *g, const float *band, size_t row, float *v);
/// Aᵀ v A, written to or added to the image
void ck_winograd_output(int m, const ck_tiles *g, const float *v, const ck_block *block, int add, float *y);
/// A block of the filter [3][3][inputs][outputs], which may be stored turned: rotated by 180°, with inputs and outputs
/// exchanged.
typedef struct {
    int turned;
    size_t inputs, outputs;
    size_t first_input, input_count;
    size_t first_output, output_count;
} ck_weights;
/// G w Gᵀ of a block of the filter: u[position][output / 16][input][output % 16], counted in the block
void ck_winograd_filter(int m, const ck_weights *b, const float *w, size_t position, float *u);
/// Gᵀ v G of g->count inputs and g->channels outputs, written to or added to a corner of [3][3][inputs][outputs]
void ck_winograd_weights(
    int m, const ck_tiles *g, const float *v, size_t inputs, size_t outputs, int add, float *w);
