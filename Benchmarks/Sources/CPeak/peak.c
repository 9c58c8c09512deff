#include "CPeak.h"


// Read at run time, so that nothing of the loop is known beforehand.
static volatile float factor = 0.999f, summand = 0.001f, sink;

// More independent chains than the product of latency and units (4 × 2 on current x86-64, 4 × 4 on current Arm), in
// registers all of them.
#define PEAK(name, attributes, bytes, chains)                                                     \
    typedef float name##_vector __attribute__((vector_size(bytes)));                              \
    attributes static int64_t name(int64_t iterations) {                                          \
        name##_vector sums[chains], x = (name##_vector){0} + factor, y = (name##_vector){0} + summand; \
        for (int i = 0; i < chains; i++) sums[i] = x + (float)i;                                  \
        for (int64_t k = 0; k < iterations; k++) {                                                \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < chains; i++)                   \
                sums[i] = __builtin_elementwise_fma(sums[i], x, y);                               \
        }                                                                                         \
        for (int i = 1; i < chains; i++) sums[0] += sums[i];                                      \
        sink = sums[0][0];                                                                        \
        return iterations * chains * (bytes / 4) * 2;                                             \
    }

#if defined(__x86_64__)
PEAK(peak_avx512, __attribute__((target("avx512f"))), 64, 16)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), 32, 12)

// Without a fused instruction: a multiplication and an addition.
static int64_t peak_baseline(int64_t iterations) {
    typedef float vector __attribute__((vector_size(16)));
    enum { chains = 12 };
    vector sums[chains], x = (vector){0} + factor, y = (vector){0} + summand;
    for (int i = 0; i < chains; i++) sums[i] = x + (float)i;
    for (int64_t k = 0; k < iterations; k++) {
        _Pragma("clang loop unroll(full)") for (int i = 0; i < chains; i++) sums[i] = sums[i] * x + y;
    }
    for (int i = 1; i < chains; i++) sums[0] += sums[i];
    sink = sums[0][0];
    return iterations * chains * 4 * 2;
}

int64_t cp_multiply_add(int64_t iterations) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return peak_avx512(iterations);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return peak_avx2(iterations);
    return peak_baseline(iterations);
}
#else
PEAK(peak_vector, , 16, 24)

int64_t cp_multiply_add(int64_t iterations) { return peak_vector(iterations); }
#endif
