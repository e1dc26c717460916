// libzmq: sockets between coordinator and workers.
#pragma once
#include <zmq.h>
