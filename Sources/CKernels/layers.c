#include "CKernels.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Sizes do not depend on the family, so that a network's memory is the same everywhere.
static int64_t rounded(int64_t n) { return (n + CK_PANEL - 1) / CK_PANEL * CK_PANEL; }
static int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }
/// Whether the input gradient is a convolution of the output gradient with the flipped kernels.
static int flips(const ck_convolution *s) { return s->stride == 1 && s->padding < s->kernel; }
/// Zeros around the output gradient of a convolution that flips.
static int64_t border(const ck_convolution *s) { return flips(s) ? s->kernel - 1 - s->padding : 0; }

// Winograd's algorithm, see layers_winograd.inc.
/// Outputs on a side of a tile of 6 x 6 pixels.
static int64_t tile_side(const ck_convolution *s) { return 7 - s->kernel; }
static int64_t tiles_down(const ck_convolution *s) {
    return (s->out_height + tile_side(s) - 1) / tile_side(s);
}
static int64_t tiles_across(const ck_convolution *s) {
    return (s->out_width + tile_side(s) - 1) / tile_side(s);
}
/// Whether it takes less time than the definition: with few channels the tiles' points would cost more than
/// the products, and with few tiles more of the time goes to reading the weights, which are four times as
/// many.
static int tiled(const ck_convolution *s) {
    if (s->stride != 1 || (s->kernel != 3 && s->kernel != 5)) return 0;
    if (s->channels < 8 || s->outputs < 8 || s->channels * s->outputs > 32768) return 0;
    int64_t tiles = tiles_down(s) * tiles_across(s);
    return tiles >= 4 && tiles * tile_side(s) * tile_side(s) <= 2 * s->out_height * s->out_width;
}
/// Into how many parts of some rows of tiles an image is cut, so that the points of a part stay in a cache.
static int64_t tile_parts(const ck_convolution *s) {
    int64_t rows = greater(1, 32 / tiles_across(s));
    return (tiles_down(s) + rows - 1) / rows;
}
/// Distance of two points of `tiles` tiles: a line more than they need, or else all 36 would often fall into
/// the same set of the first cache.
static int64_t tile_point(int64_t tiles, int64_t lanes) { return tiles * lanes + CK_PANEL; }
/// Values of all points of a part.
static int64_t tile_room(const ck_convolution *s) {
    int64_t parts = tile_parts(s), tiles = (tiles_down(s) + parts - 1) / parts * tiles_across(s);
    return 36 * (tile_point(tiles, rounded(s->channels)) + tile_point(tiles, rounded(s->outputs)));
}

static int64_t padded_height(const ck_convolution *s) {
    return tiled(s) ? tiles_down(s) * tile_side(s) + s->kernel - 1 : s->height + 2 * s->padding;
}
static int64_t padded_width(const ck_convolution *s) {
    return tiled(s) ? tiles_across(s) * tile_side(s) + s->kernel - 1 : s->width + 2 * s->padding;
}
/// Values of one sample's products in either direction, before those of tiles' points or pooled rows.
static int64_t image_room(const ck_convolution *s) {
    int64_t forward = s->out_height * s->out_width, back = padded_height(s) * padded_width(s);
    if (tiled(s)) forward = tiles_down(s) * tiles_across(s) * tile_side(s) * tile_side(s);
    if (!tiled(s) && flips(s)) back = s->height * s->width;
    return greater(forward * rounded(s->outputs), back * rounded(s->channels));
}

ck_convolution_sizes ck_convolution_scratch(const ck_convolution *s) {
    int64_t k2 = s->kernel * s->kernel, q = 2 * border(s);
    int64_t o16 = rounded(s->outputs), c16 = rounded(s->channels);
    ck_convolution_sizes sizes = {
        .padded_input = padded_height(s) * padded_width(s) * s->channels,
        .forward_weights = k2 * s->channels * o16,
        .backward_weights = k2 * o16 * c16,
        .products = greater(image_room(s), (s->out_height + 2) * s->out_width * o16),
        .padded_gradient = (s->out_height + q) * (s->out_width + q) * o16,
        .pool_codes = (s->out_height / 2) * (s->out_width / 2) * o16,
    };
    if (tiled(s)) {
        int64_t side = tile_side(s);
        sizes.forward_weights = 36 * s->channels * o16;
        sizes.backward_weights = 36 * s->outputs * c16;
        sizes.products = image_room(s) + tile_room(s);
        sizes.padded_gradient = tiles_down(s) * tiles_across(s) * side * side * o16;
    }
    return sizes;
}

ck_convolution_sizes ck_depthwise_scratch(const ck_convolution *s) {
    int64_t k2 = s->kernel * s->kernel, q = 2 * border(s);
    int64_t padded = (s->height + 2 * s->padding) * (s->width + 2 * s->padding);
    ck_convolution_sizes sizes = {
        .padded_input = padded * CK_PANEL,
        .forward_weights = k2 * rounded(s->channels),
        .backward_weights = k2 * rounded(s->channels),
        .products = greater(padded, s->out_height * s->out_width) * CK_PANEL,
        .padded_gradient = (s->out_height + q) * (s->out_width + q) * CK_PANEL,
    };
    return sizes;
}

// clang-format off
#define FAMILY(name) portable_##name
#define LANES 4
#define PIXELS 6
#define FUSED 0
#include "layers.inc"
#undef FAMILY
#undef LANES
#undef PIXELS
#undef FUSED

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define FAMILY(name) avx2_##name
#define LANES 8
#define PIXELS 6
#define FUSED 1
#include "layers.inc"
#undef FAMILY
#undef LANES
#undef PIXELS
#undef FUSED
#pragma clang attribute pop

#define AVX512 "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"
#pragma clang attribute push(__attribute__((target(AVX512))), apply_to = function)
#define FAMILY(name) avx512_##name
#define LANES 16
#define PIXELS 14
#define FUSED 1
#include "layers.inc"
#undef FAMILY
#undef LANES
#undef PIXELS
#undef FUSED
#pragma clang attribute pop
#define CHOOSE(name, ...)                                                    \
    (ck_family() == CK_AVX512 ? avx512_##name(__VA_ARGS__)                   \
     : ck_family() == CK_AVX2 ? avx2_##name(__VA_ARGS__)                     \
                              : portable_##name(__VA_ARGS__))
#else
#define CHOOSE(name, ...) portable_##name(__VA_ARGS__)
#endif
// clang-format on

void ck_convolution_pack(const ck_convolution *shape, const float *weights, float *forward, float *backward) {
    CHOOSE(convolution_pack, shape, weights, forward, backward);
}
void ck_convolution_forward(const ck_convolution *shape, const float *x, const float *forward_weights,
                            const float *bias, int relu, float *padded_input, float *products, float *y,
                            void *codes) {
    CHOOSE(convolution_forward, shape, x, forward_weights, bias, relu, padded_input, products, y, codes);
}
void ck_convolution_backward(const ck_convolution *shape, const float *dy, const float *y, const void *codes,
                             const float *padded_input, const float *backward_weights, float *padded_gradient,
                             float *products, float *weight_sums, float *bias_sums, float *dx) {
    CHOOSE(convolution_backward, shape, dy, y, codes, padded_input, backward_weights, padded_gradient,
           products, weight_sums, bias_sums, dx);
}
void ck_convolution_unpack(const ck_convolution *shape, const float *weight_sums, float scale, int keep,
                           float *target) {
    CHOOSE(convolution_unpack, shape, weight_sums, scale, keep, target);
}
void ck_dense_forward(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *weights,
                      const float *bias, int relu, float *y) {
    CHOOSE(dense_forward, rows, inputs, outputs, x, weights, NULL, bias, relu, y);
}
void ck_dense_forward_mixture(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *own,
                              const ck_mixture *mixture, const float *bias, int relu, float *y) {
    CHOOSE(dense_forward, rows, inputs, outputs, x, own, mixture, bias, relu, y);
}
void ck_dense_backward(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *dy,
                       const float *weights, float scale, int keep, float *target, float *dx) {
    CHOOSE(dense_backward, rows, inputs, outputs, x, dy, weights, scale, keep, NULL, NULL, target, dx);
}
void ck_dense_descend(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *dy,
                      const ck_descent *descent, float *weights, float *dx) {
    CHOOSE(dense_backward, rows, inputs, outputs, x, dy, weights, 1.0f, 0, descent, NULL, weights, dx);
}
double ck_dense_descend_mixture(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *dy,
                                const ck_mixture *mixture, float *own, float *dx) {
    return CHOOSE(dense_backward, rows, inputs, outputs, x, dy, own, 1.0f, 0, NULL, mixture, own, dx);
}
void ck_bias(int64_t rows, int64_t columns, const float *bias, int relu, float *y) {
    CHOOSE(bias, rows, columns, bias, relu, y);
}
void ck_bias_backward(int64_t rows, int64_t columns, const float *dy, float scale, int keep, float *target) {
    CHOOSE(bias_backward, rows, columns, dy, scale, keep, target);
}
void ck_relu(const float *x, float *y, size_t count) { CHOOSE(relu, x, y, count); }
void ck_relu_backward(const float *y, const float *dy, float *dx, size_t count) {
    CHOOSE(relu_backward, y, dy, dx, count);
}
void ck_relu6(const float *x, float *y, size_t count) { CHOOSE(relu6, x, y, count); }
void ck_relu6_backward(const float *y, const float *dy, float *dx, size_t count) {
    CHOOSE(relu6_backward, y, dy, dx, count);
}
void ck_add(const float *a, const float *b, int relu, float *y, size_t count) {
    CHOOSE(add, a, b, relu, y, count);
}
void ck_multiply(const float *a, const float *b, float *y, size_t count) { CHOOSE(multiply, a, b, y, count); }
void ck_unit_bytes(const uint8_t *pixels, float *y, size_t count) { CHOOSE(unit_bytes, pixels, y, count); }
void ck_scale(float alpha, float *x, size_t count) { CHOOSE(scale, alpha, x, count); }
void ck_max_pool(const ck_pool *shape, int64_t planes, const float *x, float *y, void *codes) {
    CHOOSE(max_pool, shape, planes, x, y, codes);
}
void ck_max_pool_backward(const ck_pool *shape, int64_t planes, const float *dy, const void *codes,
                          float *dx) {
    CHOOSE(max_pool_backward, shape, planes, dy, codes, dx);
}
void ck_average_pool(const ck_pool *shape, int64_t planes, const float *x, float *y) {
    CHOOSE(average_pool, shape, planes, x, y);
}
void ck_average_pool_backward(const ck_pool *shape, int64_t planes, const float *dy, float *dx) {
    CHOOSE(average_pool_backward, shape, planes, dy, dx);
}
void ck_batch_norm(const ck_norm *norm, int64_t samples, const float *x, const float *weight,
                   const float *bias, float *running_mean, float *running_variance, int train,
                   float *statistics, float *y) {
    CHOOSE(batch_norm, norm, samples, x, weight, bias, running_mean, running_variance, train, statistics, y);
}
void ck_batch_norm_backward(const ck_norm *norm, int64_t samples, const float *x, const float *dy,
                            const float *weight, const float *statistics, int train, float scale, int keep,
                            float *weight_target, float *bias_target, float *dx) {
    CHOOSE(batch_norm_backward, norm, samples, x, dy, weight, statistics, train, scale, keep, weight_target,
           bias_target, dx);
}
void ck_group_norm(const ck_norm *norm, int64_t samples, const float *x, const float *weight,
                   const float *bias, float *statistics, float *y) {
    CHOOSE(group_norm, norm, samples, x, weight, bias, statistics, y);
}
void ck_group_norm_backward(const ck_norm *norm, int64_t samples, const float *x, const float *dy,
                            const float *weight, const float *statistics, float *weight_sums,
                            float *bias_sums, float *dx) {
    CHOOSE(group_norm_backward, norm, samples, x, dy, weight, statistics, weight_sums, bias_sums, dx);
}
void ck_depthwise_pack(const ck_convolution *shape, const float *weights, int backward, float *packed) {
    CHOOSE(depthwise_pack, shape, weights, backward && flips(shape), packed);
}
void ck_depthwise_forward(const ck_convolution *shape, const float *x, const float *packed, const float *bias,
                          float *padded, float *products, float *y) {
    CHOOSE(depthwise_forward, shape, x, packed, bias, padded, products, y);
}
void ck_depthwise_backward(const ck_convolution *shape, const float *x, const float *dy, const float *packed,
                           float *padded, float *padded_gradient, float *products, float *weight_sums,
                           float *bias_sums, float *dx) {
    CHOOSE(depthwise_backward, shape, x, dy, packed, padded, padded_gradient, products, weight_sums,
           bias_sums, dx);
}
void ck_depthwise_unpack(const ck_convolution *shape, const float *sums, float scale, int keep,
                         float *target) {
    CHOOSE(depthwise_unpack, shape, sums, scale, keep, target);
}
void ck_channels_inside(int64_t channels, int64_t pixels, const float *in, float *out) {
    CHOOSE(channels_inside, channels, 1, pixels, in, NULL, out, 0, channels);
}
void ck_channels_outside(int64_t channels, int64_t pixels, const float *in, const float *bias, int relu,
                         float *out) {
    CHOOSE(channels_outside, channels, 1, pixels, in, 0, channels, bias, relu, out);
}
ck_loss ck_cross_entropy(int64_t rows, int64_t classes, const float *logits, const uint8_t *labels,
                         float *gradient) {
    return CHOOSE(cross_entropy, rows, classes, logits, labels, gradient);
}
double ck_distillation(int64_t rows, int64_t classes, const float *student, const float *teacher,
                       float temperature, float *gradient) {
    return CHOOSE(distillation, rows, classes, student, teacher, temperature, gradient);
}
void ck_uniform_divergence(int64_t rows, int64_t classes, const float *x, float weight, float *gradient) {
    CHOOSE(uniform_divergence, rows, classes, x, weight, gradient);
}
double ck_squares(const float *a, const float *b, size_t count) { return CHOOSE(squares, a, b, count); }
void ck_difference(const float *a, const float *b, float scale, float *y, size_t count) {
    CHOOSE(difference, a, b, scale, y, count);
}
void ck_adam_step(const ck_adam *adam, float *weights, const float *gradient, float *mean, float *square,
                  size_t count) {
    CHOOSE(adam_step, adam, weights, gradient, mean, square, count);
}
void ck_sgd_step(const ck_sgd *sgd, float *weights, const float *gradient, float *velocity, size_t count) {
    CHOOSE(sgd_step, sgd, weights, gradient, velocity, count);
}
void ck_descend(const ck_descent *descent, const float *gradient, float *weights, size_t count) {
    CHOOSE(descend, descent, gradient, weights, count);
}
double ck_inner(const float *a, const float *b, const float *c, size_t count) {
    return CHOOSE(inner, a, b, c, count);
}
double ck_mixture_descend(const ck_mixture *mixture, const float *gradient, float *own, size_t count) {
    return CHOOSE(mixture_descend, mixture, gradient, own, count);
}
void ck_add_difference(float alpha, const float *a, const float *b, float *y, size_t count) {
    CHOOSE(add_difference, alpha, a, b, y, count);
}
void ck_mix(float share, const float *a, const float *b, float *y, size_t count) {
    CHOOSE(mix, share, a, b, y, count);
}
void ck_extrapolate(double scale, const float *from, float *y, size_t count) {
    CHOOSE(extrapolate, scale, from, y, count);
}
void ck_control_variate(float scale, const float *x, const float *y, const float *server, float *own,
                        float *sent, size_t count) {
    CHOOSE(control_variate, scale, x, y, server, own, sent, count);
}
void ck_axpy(float alpha, const float *x, float *y, size_t count) { CHOOSE(axpy, alpha, x, y, count); }
