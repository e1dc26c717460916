// libjpeg-turbo's TurboJPEG: images as JPEG bytes and back.
#pragma once
#include <turbojpeg.h>
