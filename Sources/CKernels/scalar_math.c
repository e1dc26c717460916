#include "CKernels.h"

#include <string.h>

static const double ln2_high = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33;

double ck_log(double x) {
    int shift = 0;
    if (x < 0x1p-1022) { x *= 0x1p54; shift = -54; }
    uint64_t bits;
    memcpy(&bits, &x, 8);
    int exponent = (int)(bits >> 52) - 1023 + shift;
    bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
    double m;
    memcpy(&m, &bits, 8);
    if (m > 1.4142135623730951) { m *= 0.5; exponent += 1; }
    // log(m) = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172
    double f = m - 1.0, s = f / (2.0 + f), z = s * s, sum = 0.0;
    for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * z;
    double half = 0.5 * f * f;
    // log(1 + f) = f - (half - s * (half + 2 sum)): the classic arrangement that keeps the low bits of f
    double e = exponent;
    return e * ln2_high - ((half - (s * (half + 2.0 * sum) + e * ln2_low)) - f);
}

double ck_exp(double x) {
    if (x < -745.2) return 0.0;
    if (x > 709.782712893384) return __builtin_inf();
    double k = __builtin_rint(x * 1.4426950408889634);
    double r = (x - k * ln2_high) - k * ln2_low, sum = 1.0;
    for (int i = 14; i >= 1; i--) sum = 1.0 + sum * r / i;
    int exponent = (int)k, rest = 0;
    if (exponent < -1021) { rest = exponent + 1021; exponent = -1021; }
    if (exponent > 1023) { rest = exponent - 1023; exponent = 1023; }
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double scale, extra = 1.0;
    memcpy(&scale, &bits, 8);
    if (rest) {
        bits = (uint64_t)(rest + 1023) << 52;
        memcpy(&extra, &bits, 8);
    }
    return sum * scale * extra;
}

double ck_cos(double x) {
    const double pi_high = 0x1.921fb54442d18p+1, pi_low = 0x1.1a62633145c07p-53;
    double sign = 1.0;
    if (x > 0.5 * pi_high) {
        x = (pi_high - x) + pi_low;
        sign = -1.0;
    }
    // Taylor's series to x^24, from the smallest term; |x| <= pi / 2.
    double z = x * x, sum = 1.0;
    for (int k = 24; k >= 2; k -= 2) sum = 1.0 - sum * z / (k * (k - 1));
    return sign * sum;
}
