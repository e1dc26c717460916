// Every kernel of CKernels once with degenerate and many times with random sizes, in every family that this
// processor has, on arrays without a value to spare. For scripts/sanitize, whose sanitizers find what is
// wrong; nothing is compared here, only that what should be written is a number.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

static uint64_t state = 1;

/// Uniform in 0 ..< limit (Knuth's linear congruential generator, upper half).
static int64_t below(int64_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (int64_t)((state >> 33) % (uint64_t)limit);
}

// Arrays of one case, given back at its end.
static void *taken[64];
static int count;
static const char *what;

/// At least one byte, so that the address is one.
static void *bytes(int64_t size) {
    void *memory = calloc(size > 0 ? (size_t)size : 1, 1);
    if (!memory || count == 64) abort();
    return taken[count++] = memory;
}
static float *zeros(int64_t n) { return bytes(4 * n); }
static float *numbers(int64_t n) {
    float *x = zeros(n);
    for (int64_t i = 0; i < n; i++) x[i] = (float)below(2001) / 1000.0f - 1.0f;
    return x;
}
/// Room for results, not numbers yet.
static float *room(int64_t n) {
    float *x = zeros(n);
    for (int64_t i = 0; i < n; i++) x[i] = NAN;
    return x;
}
static void written(const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (isnan(x[i])) {
            fprintf(stderr, "%s, family %d: value %lld of %lld is no number\n", what, ck_family(),
                    (long long)i, (long long)n);
            abort();
        }
}
static void done(void) {
    while (count > 0) free(taken[--count]);
}

/// Sides of a case.
typedef struct {
    int64_t samples, channels, height, width, outputs, kernel, stride, padding;
} sides;

// One pixel, one channel, one sample; kernels and strides beyond the input; nothing but padding in a window.
static const sides degenerate[] = {
    {1, 1, 1, 1, 1, 1, 1, 0},     {1, 1, 1, 1, 1, 3, 1, 1},  {3, 2, 1, 1, 2, 5, 1, 2},
    {1, 3, 2, 1, 3, 7, 1, 3},     {2, 17, 1, 4, 1, 3, 5, 1}, {2, 4, 3, 3, 4, 2, 9, 1},
    {1, 16, 2, 2, 16, 1, 3, 0},   {2, 1, 9, 1, 33, 3, 2, 1}, {1, 2, 2, 2, 3, 2, 1, 4},
    {1, 8, 4, 4, 8, 5, 1, 4},     {2, 8, 8, 8, 8, 3, 1, 1},  {1, 9, 7, 10, 17, 5, 1, 2},
    {1, 16, 14, 14, 16, 3, 1, 0},
};

static sides random_sides(void) {
    sides s = {
        .samples = 1 + below(4), .channels = 1 + below(36), .outputs = 1 + below(36), .kernel = 1 + below(6)};
    s.stride = 1 + below(3), s.padding = below(4);
    int64_t least = s.kernel > 2 * s.padding ? s.kernel - 2 * s.padding : 1;
    s.height = least + below(9), s.width = least + below(20);
    return s;
}

static ck_convolution convolution(sides s) {
    return (ck_convolution){s.channels,
                            s.height,
                            s.width,
                            s.outputs,
                            (s.height + 2 * s.padding - s.kernel) / s.stride + 1,
                            (s.width + 2 * s.padding - s.kernel) / s.stride + 1,
                            s.kernel,
                            s.stride,
                            s.padding};
}

/// `pool`: with the 2 x 2 maximum.
static void run_convolution(sides sides, int relu, int pool) {
    ck_convolution s = convolution(sides);
    if (pool && (s.out_height < 2 || s.out_width < 2)) return;
    ck_convolution_sizes z = ck_convolution_scratch(&s);
    int64_t in = s.channels * s.height * s.width, weights = s.outputs * s.channels * s.kernel * s.kernel;
    int64_t out = s.outputs * (pool ? (s.out_height / 2) * (s.out_width / 2) : s.out_height * s.out_width);
    float *w = numbers(weights), *forward = zeros(z.forward_weights), *backward = zeros(z.backward_weights);
    float *padded = zeros(z.padded_input), *products = zeros(z.products),
          *gradient = zeros(z.padded_gradient);
    float *sums = zeros(z.forward_weights), *bias_sums = zeros((s.outputs + 15) / 16 * 16),
          *bias = numbers(s.outputs);
    void *codes = pool ? bytes(z.pool_codes) : NULL;
    ck_convolution_pack(&s, w, forward, NULL);
    ck_convolution_pack(&s, w, NULL, backward);
    for (int sample = 0; sample < 2; sample++) {
        float *y = room(out), *dx = room(in), *dy = numbers(out);
        ck_convolution_forward(&s, numbers(in), forward, sample ? bias : NULL, relu, padded, products, y,
                               codes);
        written(y, out);
        const float *open = relu && !pool ? y : NULL;
        ck_convolution_backward(&s, dy, open, codes, padded, backward, gradient, products, sums, bias_sums,
                                dx);
        written(dx, in);
        ck_convolution_backward(&s, dy, open, codes, padded, backward, gradient, products, sums, NULL, NULL);
        if (!codes) {
            dx = room(in);
            ck_convolution_backward(&s, dy, open, NULL, NULL, backward, gradient, products, NULL, NULL, dx);
            written(dx, in);
        }
    }
    float *target = room(weights);
    ck_convolution_unpack(&s, sums, 0.5f, 0, target);
    written(target, weights);
    ck_convolution_unpack(&s, sums, -0.5f, 1, w);
}

static void run_depthwise(sides sides) {
    sides.outputs = sides.channels;
    ck_convolution s = convolution(sides);
    ck_convolution_sizes z = ck_depthwise_scratch(&s);
    int64_t in = s.channels * s.height * s.width, out = s.channels * s.out_height * s.out_width;
    int64_t weights = s.channels * s.kernel * s.kernel;
    float *w = numbers(weights), *packed = zeros(z.forward_weights), *backward = zeros(z.backward_weights);
    float *padded = zeros(z.padded_input), *products = zeros(z.products),
          *gradient = zeros(z.padded_gradient);
    float *sums = zeros(z.forward_weights), *bias_sums = zeros((s.channels + 15) / 16 * 16);
    float *x = numbers(in), *dy = numbers(out), *y = room(out), *dx = room(in);
    ck_depthwise_pack(&s, w, 0, packed);
    ck_depthwise_pack(&s, w, 1, backward);
    ck_depthwise_forward(&s, x, packed, numbers(s.channels), padded, products, y);
    written(y, out);
    ck_depthwise_forward(&s, x, packed, NULL, padded, products, y);
    ck_depthwise_backward(&s, x, dy, backward, padded, gradient, products, sums, bias_sums, dx);
    written(dx, in);
    ck_depthwise_backward(&s, x, dy, backward, padded, gradient, products, NULL, NULL, dx);
    ck_depthwise_backward(&s, x, dy, backward, padded, gradient, products, sums, bias_sums, NULL);
    ck_depthwise_unpack(&s, sums, -0.5f, 1, w);
    written(w, weights);
}

static void run_pools(sides sides) {
    if (sides.padding > sides.kernel / 2) sides.padding = sides.kernel / 2;
    ck_convolution c = convolution(sides);
    if (c.out_height < 1 || c.out_width < 1 || sides.height + 2 * sides.padding < sides.kernel ||
        sides.width + 2 * sides.padding < sides.kernel)
        return;
    ck_pool s = {c.height, c.width, c.out_height, c.out_width, c.kernel, c.kernel, c.stride, c.padding};
    int64_t planes = sides.samples * sides.channels, in = planes * s.height * s.width;
    int64_t out = planes * s.out_height * s.out_width;
    float *x = numbers(in), *y = room(out), *dy = numbers(out), *dx = room(in);
    void *codes = bytes(out);
    ck_max_pool(&s, planes, x, y, codes);
    written(y, out);
    ck_max_pool_backward(&s, planes, dy, codes, dx);
    written(dx, in);
    ck_average_pool(&s, planes, x, y);
    ck_average_pool_backward(&s, planes, dy, dx);
    ck_pool whole = {s.height, s.width, 1, 1, s.height, s.width, 1, 0};
    y = room(planes);
    ck_average_pool(&whole, planes, x, y);
    written(y, planes);
    ck_average_pool_backward(&whole, planes, y, dx);
}

static void run_norms(sides s) {
    int64_t channels = s.channels, plane = s.height * s.width, all = s.samples * channels * plane;
    float *x = numbers(all), *dy = numbers(all), *y = room(all), *dx = room(all);
    float *weight = numbers(channels), *bias = numbers(channels);
    for (int activation = CK_LINEAR; activation <= CK_RELU6; activation++)
        for (int train = 0; train < 2; train++) {
            ck_norm norm = {channels, plane, 1, 1e-5, 0.1, activation};
            float *mean = zeros(channels), *variance = zeros(channels), *kept = zeros(4 * channels);
            ck_batch_norm(&norm, s.samples, x, weight, bias, mean, variance, train, kept, y);
            written(y, all);
            ck_batch_norm_backward(&norm, s.samples, x, dy, weight, kept, train, 1.0f, 0, NULL, NULL, dx);
            written(dx, all);
            ck_batch_norm_backward(&norm, s.samples, x, dy, weight, kept, train, -0.1f, 1, weight, bias,
                                   NULL);
        }
    for (int64_t groups = 1; groups <= channels; groups++) {
        if (channels % groups != 0 || count > 50) continue;
        ck_norm norm = {channels, plane, groups, 1e-5, 0.0, CK_LINEAR};
        float *kept = zeros(2 * s.samples * groups), *sums = zeros(2 * channels);
        ck_group_norm(&norm, s.samples, x, weight, bias, kept, y);
        written(y, all);
        ck_group_norm_backward(&norm, s.samples, x, dy, weight, kept, sums, sums + channels, dx);
        written(dx, all);
        ck_group_norm_backward(&norm, s.samples, x, dy, weight, kept, NULL, NULL, dx);
    }
}

static void run_dense(int64_t rows, int64_t inputs, int64_t outputs) {
    float *x = numbers(rows * inputs), *w = numbers(outputs * inputs), *bias = numbers(outputs);
    float *y = room(rows * outputs), *dy = numbers(rows * outputs), *dx = room(rows * inputs);
    ck_dense_forward(rows, inputs, outputs, x, w, bias, 1, y);
    written(y, rows * outputs);
    ck_bias(rows, outputs, bias, 1, y);
    ck_bias_backward(rows, outputs, dy, -0.5f, 1, bias);
    if (rows > CK_DENSE_ROWS) return;
    float *target = room(outputs * inputs);
    ck_dense_backward(rows, inputs, outputs, x, dy, w, 1.0f, 0, target, dx);
    written(target, outputs * inputs);
    written(dx, rows * inputs);
    ck_dense_backward(rows, inputs, outputs, x, dy, w, 1.0f, 0, target, NULL);
    ck_dense_backward(rows, inputs, outputs, x, dy, w, -0.1f, 1, w, dx);
    ck_descent descent = {0.1f, 1e-3f, 0.5f, 1.0f, numbers(outputs * inputs)};
    ck_dense_descend(rows, inputs, outputs, x, dy, &descent, w, dx);
    descent.anchor = NULL;
    ck_dense_descend(rows, inputs, outputs, x, dy, &descent, w, NULL);
    ck_mixture mixture = {.share = 0.3f, .rate = 0.1f, .decay = 0.01f, .model = target};
    ck_dense_forward_mixture(rows, inputs, outputs, x, w, &mixture, bias, 0, y);
    ck_dense_descend_mixture(rows, inputs, outputs, x, dy, &mixture, w, dx);
    ck_dense_descend_mixture(rows, inputs, outputs, x, dy, &mixture, w, NULL);
}

static void run_losses(int64_t rows, int64_t classes) {
    float *a = numbers(rows * classes), *b = numbers(rows * classes), *gradient = room(rows * classes);
    for (int64_t i = 0; i < rows * classes; i++) a[i] *= 200.0f;
    uint8_t *labels = bytes(rows);
    for (int64_t i = 0; i < rows; i++) labels[i] = (uint8_t)below(classes < 256 ? classes : 256);
    ck_cross_entropy(rows, classes, a, labels, NULL);
    ck_cross_entropy(rows, classes, a, labels, gradient);
    written(gradient, rows * classes);
    ck_distillation(rows, classes, a, b, 3.0f, NULL);
    ck_distillation(rows, classes, a, b, 3.0f, gradient);
    written(gradient, rows * classes);
    ck_uniform_divergence(rows, classes, a, 3.0f, gradient);
    written(gradient, rows * classes);
    a[below(rows * classes)] = NAN;
    b[below(rows * classes)] = -INFINITY;
    ck_cross_entropy(rows, classes, a, labels, gradient);
    ck_cross_entropy(rows, classes, b, labels, gradient);
}

static void run_vectors(int64_t n) {
    float *a = numbers(n), *b = numbers(n), *y = room(n), *v = zeros(n), *u = zeros(n);
    size_t size = (size_t)n;
    ck_relu(a, y, size);
    ck_relu_backward(y, b, y, size);
    ck_relu6(a, y, size);
    ck_relu6_backward(y, b, y, size);
    ck_add(a, b, 0, y, size);
    ck_add(y, b, 1, y, size);
    ck_multiply(a, b, y, size);
    uint8_t *pixels = bytes(n);
    ck_unit_bytes(pixels, y, size);
    ck_scale(0.5f, y, size);
    ck_axpy(0.5f, a, y, size);
    ck_difference(a, b, 2.0f, y, size);
    written(y, n);
    ck_squares(a, b, size);
    ck_squares(a, NULL, size);
    for (int i = 0; i < 8; i++) {
        ck_sgd sgd = {0.1f, i & 1 ? 0.9f : 0.0f, 1e-3f, i >> 1 & 1, i >> 2 & 1};
        ck_sgd_step(&sgd, a, b, i & 1 ? v : NULL, size);
    }
    ck_descent descent = {0.1f, 1e-3f, 0.5f, 1.0f, b};
    ck_descend(&descent, y, a, size);
    descent.share = 0;
    ck_descend(&descent, y, a, size);
    descent.anchor = NULL;
    ck_descend(&descent, y, a, size);
    ck_mixture mixture = {.share = 0.5f, .rate = 0.1f, .decay = 1e-3f, .model = b};
    ck_mixture_descend(&mixture, y, a, size);
    ck_adam adam = {1e-3f, 1.0f, 0.9f, 0.999f, 1e-8f, 1e-3f};
    ck_adam_step(&adam, a, b, v, u, size);
    written(a, n);
    int64_t *sums = bytes(8 * n);
    for (int64_t i = 0; i < n; i++) sums[i] = i % 2 ? INT64_MAX : INT64_MIN;
    if (ck_exact_check(b, size, 1e9f) != size) abort();
    ck_exact_add(sums, b, size, 0x1p40);
    ck_exact_finish(y, sums, size, 0x1p-40);
    ck_max_magnitude(y, size);
    written(y, n);
}

static void run_random(int64_t blocks) {
    const uint32_t key[2] = {1, 2}, counter[4] = {UINT32_MAX - 1, 2, 3, 4};
    ck_philox(key, counter, (size_t)blocks, bytes(16 * blocks));
}

static void run_layouts(int64_t channels, int64_t pixels) {
    float *x = numbers(channels * pixels), *y = room(channels * pixels), *z = room(channels * pixels);
    ck_channels_inside(channels, pixels, x, y);
    written(y, channels * pixels);
    ck_channels_outside(channels, pixels, y, numbers(channels), 1, z);
    written(z, channels * pixels);
    ck_channels_outside(channels, pixels, y, NULL, 0, z);
    if (memcmp(x, z, (size_t)(channels * pixels) * 4) != 0) abort();
}

/// What follows `name` with `call`, and the end of the case.
#define RUN(name, call) (what = name, call, done())

static void run_layers(sides s) {
    for (int relu = 0; relu < 2; relu++)
        for (int pool = 0; pool < 2; pool++) RUN("convolution", run_convolution(s, relu, pool));
    RUN("depthwise convolution", run_depthwise(s));
    RUN("pools", run_pools(s));
    RUN("norms", run_norms(s));
    RUN("dense", run_dense(s.samples * s.stride, s.channels * s.width, s.outputs));
    RUN("losses", run_losses(s.samples, s.outputs));
    RUN("vectors", run_vectors(s.channels * s.height));
    RUN("random numbers", run_random(s.width));
    RUN("layouts", run_layouts(s.channels, s.height * s.width));
}

int main(int arguments, char **values) {
    int cases = arguments > 1 ? atoi(values[1]) : 100;
    for (int family = CK_PORTABLE; family <= ck_supported_family(); family++) {
        ck_set_family(family);
        for (size_t i = 0; i < sizeof degenerate / sizeof degenerate[0]; i++) run_layers(degenerate[i]);
        for (int i = 0; i < cases; i++) run_layers(random_sides());
        for (int64_t rows = 1; rows <= 25; rows++) {
            RUN("dense", run_dense(rows, 1 + below(70), 1 + below(40)));
            RUN("dense", run_dense(rows, 1 + below(20), 129 + below(10)));
        }
        // So large that weights are fetched ahead.
        RUN("dense", run_dense(10, 1030, 257));
        RUN("losses", run_losses(3, 1 + below(600)));
        RUN("vectors", run_vectors(5000));
        printf("family %d: %d random cases\n", family, cases);
        fflush(stdout);
    }
    for (int i = 0; i < 100000; i++) {
        ck_exp((double)below(1600000) / 1000.0 - 800.0);
        ck_log((double)(1 + below(1 << 30)) * 0x1p-15);
        ck_cos((double)below(3141592) * 1e-6);
    }
    return 0;
}
