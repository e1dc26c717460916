#include "CKernels.h"

#include <string.h>

/// Blocks of Philox that are made together: the loops over them are long enough for vectors.
enum { BLOCKS = 64 };

#define TEMPLATE "gaussian.inc"
#include "families.inc"

void ck_add_gaussian(float *x, size_t count, double deviation, const uint32_t key[2], const uint32_t counter[3]) {
    CHOOSE(add_gaussian, x, count, deviation, key, counter);
}
