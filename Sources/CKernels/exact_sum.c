#include "CKernels.h"

#define FAMILY(name) portable_##name
#include "exact_sum.inc"
#undef FAMILY

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define FAMILY(name) avx2_##name
#include "exact_sum.inc"
#undef FAMILY
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#define FAMILY(name) avx512_##name
#include "exact_sum.inc"
#undef FAMILY
#pragma clang attribute pop
#define CHOOSE(name, ...)                                                    \
    (ck_family() == CK_AVX512 ? avx512_##name(__VA_ARGS__)                   \
     : ck_family() == CK_AVX2 ? avx2_##name(__VA_ARGS__)                     \
                              : portable_##name(__VA_ARGS__))
#else
#define CHOOSE(name, ...) portable_##name(__VA_ARGS__)
#endif

size_t ck_exact_check(const float *x, size_t count, float bound) { return CHOOSE(exact_check, x, count, bound); }
void ck_exact_add(int64_t *sum, const float *x, size_t count, double scale) {
    CHOOSE(exact_add, sum, x, count, scale);
}
void ck_exact_finish(float *out, const int64_t *sum, size_t count, double factor) {
    CHOOSE(exact_finish, out, sum, count, factor);
}
float ck_max_magnitude(const float *x, size_t count) { return CHOOSE(max_magnitude, x, count); }
