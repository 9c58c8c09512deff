// Every kernel once: KERNEL(result, name, parameters, arguments). The table of one level and the public functions
// that call through it are made from this list.
KERNEL(void, fill, (size_t n, float value, float *y), (n, value, y))
KERNEL(void, axpy, (size_t n, float a, const float *x, float *y), (n, a, x, y))
KERNEL(void, scale, (size_t n, float a, const float *x, float *y), (n, a, x, y))
KERNEL(void, interpolate, (size_t n, float t, const float *x, float *y), (n, t, x, y))
KERNEL(void, add, (size_t n, const float *a, const float *b, float *y), (n, a, b, y))
KERNEL(void, subtract, (size_t n, const float *a, const float *b, float *y), (n, a, b, y))
KERNEL(void, multiply, (size_t n, const float *a, const float *b, float *y), (n, a, b, y))
KERNEL(void, divide, (size_t n, const float *a, const float *b, float *y), (n, a, b, y))
KERNEL(void, multiply_add, (size_t n, float s, const float *a, const float *b, float *y), (n, s, a, b, y))
KERNEL(void, exp, (size_t n, const float *x, float *y), (n, x, y))
KERNEL(void, log, (size_t n, const float *x, float *y), (n, x, y))
KERNEL(void, sqrt, (size_t n, const float *x, float *y), (n, x, y))
KERNEL(double, sum, (size_t n, const float *x), (n, x))
KERNEL(double, dot, (size_t n, const float *x, const float *y), (n, x, y))
KERNEL(int, all_finite, (size_t n, const float *x), (n, x))
KERNEL(void, relu, (size_t n, float slope, const float *x, float *y), (n, slope, x, y))
KERNEL(void, relu_backward,
       (size_t n, float slope, const float *y, const float *dy, float beta, float *dx), (n, slope, y, dy, beta, dx))
KERNEL(void, add_row, (size_t rows, size_t channels, const float *bias, float *y), (rows, channels, bias, y))
KERNEL(void, column_sum, (size_t rows, size_t channels, const float *x, float *sum), (rows, channels, x, sum))
KERNEL(void, moments,
       (size_t rows, size_t channels, const float *x, float *sum, float *squares), (rows, channels, x, sum, squares))
KERNEL(void, normalization_sums,
       (size_t rows, size_t channels, float slope, const float *scale, const float *shift, const float *mean,
        const float *x, const float *dy, float *sum, float *product),
       (rows, channels, slope, scale, shift, mean, x, dy, sum, product))
KERNEL(void, normalization_backward,
       (size_t rows, size_t channels, float slope, const float *scale, const float *shift, const float *mean,
        const float *a, const float *b, const float *d, const float *x, float *dy),
       (rows, channels, slope, scale, shift, mean, a, b, d, x, dy))
KERNEL(void, transpose, (size_t rows, size_t columns, const float *x, float *y), (rows, columns, x, y))
KERNEL(void, softmax, (size_t rows, size_t columns, const float *x, float *y), (rows, columns, x, y))
KERNEL(void, log_softmax, (size_t rows, size_t columns, const float *x, float *y), (rows, columns, x, y))
KERNEL(void, gather_columns,
       (const ck_windows *w, size_t first, size_t last, const float *input, float *columns),
       (w, first, last, input, columns))
KERNEL(void, scatter_columns,
       (const ck_windows *w, size_t first, size_t last, const float *columns, float *input),
       (w, first, last, columns, input))
KERNEL(void, max_pool,
       (const ck_windows *w, size_t first, size_t last, const float *input, float *output),
       (w, first, last, input, output))
KERNEL(void, max_pool_backward,
       (const ck_windows *w, size_t first, size_t last, const float *input, const float *output,
        const float *upstream, int add, float *gradient),
       (w, first, last, input, output, upstream, add, gradient))
KERNEL(void, average_pool,
       (const ck_windows *w, size_t first, size_t last, const float *input, float *output),
       (w, first, last, input, output))
KERNEL(void, average_pool_backward,
       (const ck_windows *w, size_t first, size_t last, const float *upstream, float *gradient),
       (w, first, last, upstream, gradient))
KERNEL(void, sgd,
       (size_t n, float rate, float momentum, float decay, int nesterov, const float *g, float *v, float *x),
       (n, rate, momentum, decay, nesterov, g, v, x))
KERNEL(void, adam,
       (size_t n, float rate, float beta1, float beta2, float epsilon, float c1, float c2, float decay,
        float decoupled, const float *g, float *m, float *v, float *x),
       (n, rate, beta1, beta2, epsilon, c1, c2, decay, decoupled, g, m, v, x))
KERNEL(void, product, (const ck_matrices *m, int add), (m, add))
KERNEL(void, load_band, (const ck_part *part, const ck_band *band, float *to), (part, band, to))
KERNEL(void, winograd_input, (int m, const ck_tiles *g, const float *band, size_t row, float *v), (m, g, band, row, v))
KERNEL(void, winograd_upstream,
       (int m, const ck_tiles *g, const float *band, size_t row, float *v), (m, g, band, row, v))
KERNEL(void, winograd_output,
       (int m, const ck_tiles *g, const float *v, const ck_block *block, int add, float *y), (m, g, v, block, add, y))
KERNEL(void, winograd_filter,
       (int m, const ck_weights *b, const float *w, size_t position, float *u), (m, b, w, position, u))
KERNEL(void, winograd_weights,
       (int m, const ck_tiles *g, const float *v, size_t inputs, size_t outputs, int add, float *w),
       (m, g, v, inputs, outputs, add, w))
