#include "CKernels.h"

#define FAMILY(name) portable_##name
#include "philox.inc"
#undef FAMILY

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define FAMILY(name) avx2_##name
#include "philox.inc"
#undef FAMILY
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#define FAMILY(name) avx512_##name
#include "philox.inc"
#undef FAMILY
#pragma clang attribute pop
#define CHOOSE(name, ...)                                                    \
    (ck_family() == CK_AVX512 ? avx512_##name(__VA_ARGS__)                   \
     : ck_family() == CK_AVX2 ? avx2_##name(__VA_ARGS__)                     \
                              : portable_##name(__VA_ARGS__))
#else
#define CHOOSE(name, ...) portable_##name(__VA_ARGS__)
#endif

void ck_philox(const uint32_t key[2], const uint32_t counter[4], size_t blocks, uint32_t *out) {
    CHOOSE(philox, key, counter, blocks, out);
}
