// libxxhash: XXH3-128 names every object on the wire and on disk.
#pragma once
#include <xxhash.h>
