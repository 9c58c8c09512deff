#if defined(__x86_64__)
#define LEVEL avx2
#define LEVEL_TARGET __attribute__((target("avx2,fma,bmi,bmi2,f16c")))
#define TILE_ROWS 6
#define TILE_BLOCKS 1
#include "kernels.inc"
#else
typedef int ck_no_avx2_here;
#endif
