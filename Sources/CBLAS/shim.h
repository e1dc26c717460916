// The BLAS interface; OpenBLAS stands behind it at run time.
#pragma once
#include <cblas.h>
