#define LEVEL baseline
#include "kernels.inc"
