#include <stdint.h>

/// Keeps every multiply-add unit of one core busy for `iterations` of a loop, with the widest vectors that the
/// processor has, and returns the number of floating-point operations done: two for each multiply-add.
int64_t cp_multiply_add(int64_t iterations);
