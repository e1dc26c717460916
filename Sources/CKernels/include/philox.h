// Random numbers in bulk: the counter-based generator of Salmon et al. (SC 2011).
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Philox4x32-10 of `blocks` counters in a row, starting at `counter` and counting in its first word, which
/// wraps; four numbers a block into `out`. Equal in every family.
void ck_philox(const uint32_t key[2], const uint32_t counter[4], size_t blocks, uint32_t *out);
