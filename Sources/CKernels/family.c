#include "CKernels.h"

static int family = CK_PORTABLE;

int ck_supported_family(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return CK_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return CK_AVX2;
#endif
    return CK_PORTABLE;
}

int ck_family(void) { return family; }
void ck_set_family(int value) { family = value; }
