#if defined(__x86_64__)
#define LEVEL avx512
#define LEVEL_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2,f16c")))
#define TILE_ROWS 14
#define TILE_BLOCKS 2
#include "kernels.inc"
#else
typedef int ck_no_avx512_here;
#endif
