// zlib: IDX files are usually gzipped.
#pragma once
#include <zlib.h>
