#if defined(__x86_64__)
#define LEVEL avx2
#define LEVEL_TARGET __attribute__((target("avx2,fma,bmi,bmi2,f16c")))
#include "kernels.inc"
#else
typedef int ck_no_avx2_here;
#endif
