#include "CKernels.h"

#define TEMPLATE "exact_sum.inc"
#include "families.inc"

size_t ck_exact_check(const float *x, size_t count, float bound) { return CHOOSE(exact_check, x, count, bound); }
void ck_exact_add(int64_t *sum, const float *x, size_t count, double scale) {
    CHOOSE(exact_add, sum, x, count, scale);
}
void ck_exact_finish(float *out, const int64_t *sum, size_t count, double factor) {
    CHOOSE(exact_finish, out, sum, count, factor);
}
float ck_max_magnitude(const float *x, size_t count) { return CHOOSE(max_magnitude, x, count); }
