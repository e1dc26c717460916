// libsodium: BLAKE2b digests and CURVE keys.
#pragma once
#include <sodium.h>
