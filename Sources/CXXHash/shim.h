// libxxhash: XXH3-128 names every object on the wire and on disk.
#pragma once
#include <xxhash.h>

// libxxhash's plain functions know the instructions that the library was compiled for, on x86-64 SSE2: 18 GB/s where
// AVX-512 hashes 80. Libraries that choose at run time say so by this header; the values are the same.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

/// XXH3-128 with the widest instructions of this processor.
static inline XXH128_hash_t xxh3_128(const void *bytes, size_t count) { return XXH3_128bits(bytes, count); }
