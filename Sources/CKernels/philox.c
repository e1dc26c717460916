#include "CKernels.h"

#define TEMPLATE "philox.inc"
#include "families.inc"

void ck_philox(const uint32_t key[2], const uint32_t counter[4], size_t blocks, uint32_t *out) {
    CHOOSE(philox, key, counter, blocks, out);
}
