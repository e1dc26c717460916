// exp, log and cos of our own: libm's differ between versions, and random streams must not.
#pragma once

/// Natural logarithm of a positive finite number; at most 2 units in the last place off.
double ck_log(double x);
/// e to the power x; at most 2 units in the last place off; 0 below -745, infinity above 709.78.
double ck_exp(double x);
/// Cosine of x in 0...pi; at most 2^-51 off.
double ck_cos(double x);
