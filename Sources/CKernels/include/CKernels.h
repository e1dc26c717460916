// Loops that a profile asked for, in plain C: counts and pointers in, nothing allocated, nothing stored.
// Each exists once as a template (*.inc) and is compiled for three families of processors; `ck_family` chooses.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CK_PORTABLE = 0, CK_AVX2 = 1, CK_AVX512 = 2 };

/// The best family that this processor can run.
int ck_supported_family(void);
/// The family in use; CK_PORTABLE until `ck_set_family` is called.
int ck_family(void);
void ck_set_family(int family);

#include "exact_sum.h"
#include "gaussian.h"
#include "layers.h"
#include "philox.h"
#include "scalar_math.h"
