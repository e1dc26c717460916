// Counts what a thread takes from the heap: this target's malloc and its kin stand before the C library's in
// every program that links it.
#pragma once

/// Whether counting works here: with glibc, and without a sanitizer, which replaces the heap itself.
int allocations_can_be_counted(void);
/// Begins to count this thread's allocations at 0.
void allocations_begin(void);
/// Ends that; how many there were.
long allocations_end(void);
