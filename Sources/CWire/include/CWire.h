// The generated messages, and the allocator that bounds what unpacking a hostile header may cost.
#pragma once
#include "wire.pb-c.h"

/// Unpacks a header of at most 64 KiB. Returns NULL when it is malformed or wants more than `limit` bytes of memory.
/// Free the result with `wire_release`.
Tributary__Envelope *wire_unpack(const uint8_t *bytes, size_t count, size_t limit);
void wire_release(Tributary__Envelope *envelope);
/// Fields of the envelope and of the message in it that this version of the schema does not have.
size_t wire_unknown_fields(const Tributary__Envelope *envelope);
