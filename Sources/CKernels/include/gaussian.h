// Gaussian numbers in bulk, from counters: any run of them can be made again at any time.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// x[i] += (float)(deviation * g[i]), where g are independent standard normal numbers: g[4b] to g[4b + 3] follow from
/// the Philox4x32-10 block of the counter (b, counter[0], counter[1], counter[2]) by Box and Muller's transform. The
/// same bits in every family.
void ck_add_gaussian(float *x, size_t count, double deviation, const uint32_t key[2], const uint32_t counter[3]);
