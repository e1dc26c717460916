#include "CWire.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// One arena a header: blocks chained behind the message that was unpacked from it.
struct arena {
    size_t used, limit, capacity;
    char *block;
    struct piece *more;
};
struct piece {
    struct piece *next;
};

static void *arena_allocate(void *data, size_t size) {
    struct arena *arena = data;
    size = (size + 15) & ~(size_t)15;
    if (size > arena->limit - arena->used) return NULL;
    arena->used += size;
    if (size <= arena->capacity) {
        void *result = arena->block;
        arena->block += size;
        arena->capacity -= size;
        return result;
    }
    struct piece *piece = malloc(sizeof(struct piece) + 16 + size);
    if (!piece) return NULL;
    piece->next = arena->more;
    arena->more = piece;
    return (char *)piece + 16;
}

static void arena_free(void *data, void *pointer) {
    (void)data;
    (void)pointer;
}

// The arena's own record stands in front of its first block; the envelope finds it through this header.
struct unpacked {
    struct arena arena;
    Tributary__Envelope *envelope;
    char block[2048] __attribute__((aligned(16)));
};

// protobuf-c returns the envelope as the first allocation, so it lies at the start of the block or of a piece.
Tributary__Envelope *wire_unpack(const uint8_t *bytes, size_t count, size_t limit) {
    if (count > 65536) return NULL;
    struct unpacked *unpacked = malloc(sizeof *unpacked);
    if (!unpacked) return NULL;
    unpacked->arena = (struct arena){0, limit, sizeof unpacked->block, unpacked->block, NULL};
    ProtobufCAllocator allocator = {arena_allocate, arena_free, &unpacked->arena};
    Tributary__Envelope *envelope = tributary__envelope__unpack(&allocator, count, bytes);
    if (envelope == (void *)unpacked->block) return envelope;
    struct piece *piece = unpacked->arena.more;
    while (piece) {
        struct piece *next = piece->next;
        free(piece);
        piece = next;
    }
    free(unpacked);
    return NULL;
}

void wire_release(Tributary__Envelope *envelope) {
    if (!envelope) return;
    struct unpacked *unpacked = (struct unpacked *)((char *)envelope - offsetof(struct unpacked, block));
    struct piece *piece = unpacked->arena.more;
    while (piece) {
        struct piece *next = piece->next;
        free(piece);
        piece = next;
    }
    free(unpacked);
}

size_t wire_unknown_fields(const Tributary__Envelope *envelope) {
    // Every body begins with protobuf-c's own record, whichever of them it is.
    const ProtobufCMessage *body = (const ProtobufCMessage *)envelope->hello;
    size_t count = envelope->base.n_unknown_fields;
    return envelope->body_case && body ? count + body->n_unknown_fields : count;
}
