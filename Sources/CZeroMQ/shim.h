// libzmq: sockets between coordinator and workers. And the C library's heap, from which it takes its messages.
#pragma once
#include <zmq.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
