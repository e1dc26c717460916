// Sums that do not depend on the order of their terms: int64 fixed point.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What `ck_exact_check` found in a vector: the first element that is not finite or whose magnitude passes `bound`.
/// Returns count when all are in range.
size_t ck_exact_check(const float *x, size_t count, float bound);
/// sum[i] += rint((double)x[i] * scale), with wrapping arithmetic.
void ck_exact_add(int64_t *sum, const float *x, size_t count, double scale);
/// out[i] = (float)((double)sum[i] * factor).
void ck_exact_finish(float *out, const int64_t *sum, size_t count, double factor);
/// The greatest magnitude; NaN counts as infinity.
float ck_max_magnitude(const float *x, size_t count);
