#include "CKernels.h"

#include <string.h>

/// Blocks of Philox that are made together: the loops over them are long enough for vectors.
enum { BLOCKS = 64 };

#define FAMILY(name) portable_##name
#include "gaussian.inc"
#undef FAMILY

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define FAMILY(name) avx2_##name
#include "gaussian.inc"
#undef FAMILY
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#define FAMILY(name) avx512_##name
#include "gaussian.inc"
#undef FAMILY
#pragma clang attribute pop
#endif

void ck_add_gaussian(float *x, size_t count, double deviation, const uint32_t key[2], const uint32_t counter[3]) {
#if defined(__x86_64__)
    switch (ck_family()) {
    case CK_AVX512: return avx512_add_gaussian(x, count, deviation, key, counter);
    case CK_AVX2: return avx2_add_gaussian(x, count, deviation, key, counter);
    default: break;
    }
#endif
    portable_add_gaussian(x, count, deviation, key, counter);
}
