#include "table.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const struct ck_table *table = &ck_table_baseline;

void ck_choose_level(const char *highest) {
    table = &ck_table_baseline;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (highest && strcmp(highest, "baseline") == 0) return;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) table = &ck_table_avx2;
    if (highest && strcmp(highest, "avx2") == 0) return;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        table = &ck_table_avx512;
#endif
}

__attribute__((constructor)) static void choose_at_start(void) { ck_choose_level(getenv("TENSOR_ISA")); }

const char *ck_level(void) { return table->level; }

uint32_t ck_flush_denormals(void) {
#if defined(__x86_64__)
    uint32_t before = _mm_getcsr();
    _mm_setcsr(before | 0x8040);
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ volatile("mrs %0, fpcr" : "=r"(before));
    __asm__ volatile("msr fpcr, %0" : : "r"(before | (1ull << 24)));
    return (uint32_t)before;
#else
    return 0;
#endif
}

void ck_restore_denormals(uint32_t state) {
#if defined(__x86_64__)
    _mm_setcsr(state);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)state));
#else
    (void)state;
#endif
}

#define RETURN_void
#define RETURN_double return
#define RETURN_int return
#define KERNEL(result, name, parameters, arguments) \
    result ck_##name parameters { RETURN_##result table->name arguments; }
#include "kernel_list.h"
