// libprotobuf-c: the runtime of the generated messages.
#pragma once
#include <protobuf-c/protobuf-c.h>
