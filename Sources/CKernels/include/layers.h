// Forward and backward passes of layers. All images of one sample are [channel][row][column] (NCHW) outside,
// and [row][column][channel] inside the convolutions, where channels are the lanes of a vector. Scratch for
// the latter is padded with zeros that the kernels never overwrite: it must be zeroed once.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Lanes that channels are rounded up to, in every family.
enum { CK_PANEL = 16 };

/// A convolution of [channels, height, width] to [outputs, out_height, out_width] with square kernels.
typedef struct {
    int64_t channels, height, width;
    int64_t outputs, out_height, out_width;
    int64_t kernel, stride, padding;
} ck_convolution;

/// Values (floats) of each scratch array of a convolution.
typedef struct {
    /// One sample, padded: [height + 2 padding][width + 2 padding][channels].
    int64_t padded_input;
    /// Weights as the forward pass reads them: [outputs / 16][kernel * kernel * channels][16].
    int64_t forward_weights;
    /// Weights as the backward pass reads them: [channels / 16][kernel * kernel * outputs rounded up][16].
    int64_t backward_weights;
    /// One sample's products in either direction, and two more rows that wait for their maximum.
    int64_t products;
    /// One sample's output gradient, padded for the backward pass.
    int64_t padded_gradient;
    /// Codes (bytes, not floats) of one sample's pooled pixels: [out_height / 2][out_width / 2][outputs
    /// rounded up].
    int64_t pool_codes;
} ck_convolution_sizes;

ck_convolution_sizes ck_convolution_scratch(const ck_convolution *shape);
/// weights [outputs][channels][kernel][kernel] into the forward and, if not NULL, the backward order.
void ck_convolution_pack(const ck_convolution *shape, const float *weights, float *forward, float *backward);
/// One sample: y = convolution(x) + bias, then ReLU if `relu`, then 2 x 2 maximum if `codes` is not NULL.
/// Leaves the padded input in `padded_input` for the backward pass.
void ck_convolution_forward(const ck_convolution *shape, const float *x, const float *forward_weights,
                            const float *bias, int relu, float *padded_input, float *products, float *y,
                            void *codes);
/// One sample: adds to `weight_sums` (forward order) and `bias_sums` [outputs rounded up]; writes dx unless
/// NULL. `y` is the output if a ReLU was fused without pooling, else NULL; `codes` as the forward pass left
/// them.
void ck_convolution_backward(const ck_convolution *shape, const float *dy, const float *y, const void *codes,
                             const float *padded_input, const float *backward_weights, float *padded_gradient,
                             float *products, float *weight_sums, float *bias_sums, float *dx);
/// target[o][c][ky][kx] = keep * target + scale * sums (forward order); keep is 0 or 1.
void ck_convolution_unpack(const ck_convolution *shape, const float *weight_sums, float scale, int keep,
                           float *target);

/// y [rows, outputs] = x [rows, inputs] * transposed weights [outputs, inputs] + bias, then ReLU if `relu`.
void ck_dense_forward(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *weights,
                      const float *bias, int relu, float *y);
/// Largest `rows` of `ck_dense_backward`.
enum { CK_DENSE_ROWS = 12 };
/// dx [rows, inputs] = dy * weights unless NULL, then target = keep * target + scale * transposed dy * x.
/// `target` [outputs, inputs] may be `weights`: every weight is read before it is written.
void ck_dense_backward(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *dy,
                       const float *weights, float scale, int keep, float *target, float *dx);
/// y [rows, columns] += bias, then ReLU if `relu`.
void ck_bias(int64_t rows, int64_t columns, const float *bias, int relu, float *y);
/// target [columns] = keep * target + scale * (column sums of dy [rows, columns]).
void ck_bias_backward(int64_t rows, int64_t columns, const float *dy, float scale, int keep, float *target);

/// y = max(x, 0); NaN stays NaN.
void ck_relu(const float *x, float *y, size_t count);
/// dx = y <= 0 ? 0 : dy; dx may be dy.
void ck_relu_backward(const float *y, const float *dy, float *dx, size_t count);
/// Planes of [height, width]; `codes` gets the place of the maximum in its window (row * kernel + column).
void ck_max_pool(int64_t planes, int64_t height, int64_t width, int64_t kernel, int64_t stride,
                 const float *x, float *y, void *codes);
void ck_max_pool_backward(int64_t planes, int64_t height, int64_t width, int64_t kernel, int64_t stride,
                          const float *dy, const void *codes, float *dx);
/// Means of windows; kernel_height and kernel_width may differ so that a whole plane can be a window.
void ck_average_pool(int64_t planes, int64_t height, int64_t width, int64_t kernel_height,
                     int64_t kernel_width, int64_t stride, const float *x, float *y);
void ck_average_pool_backward(int64_t planes, int64_t height, int64_t width, int64_t kernel_height,
                              int64_t kernel_width, int64_t stride, const float *dy, float *dx);

/// Loss and correct predictions of `rows` samples. A row with a NaN counts as wrong.
typedef struct {
    double loss;
    int64_t correct;
} ck_loss;
/// Softmax cross-entropy of logits [rows, classes]; writes the gradient of the mean over `rows` unless NULL.
/// exp is a polynomial with a relative error below 2e-7, log below 1e-15; equal in every family.
ck_loss ck_cross_entropy(int64_t rows, int64_t classes, const float *logits, const uint8_t *labels,
                         float *gradient);

/// How SGD moves a weight, with PyTorch's meaning of every term.
typedef struct {
    float learning_rate, momentum, weight_decay;
    int32_t nesterov;
    /// 1 when `velocity` holds nothing yet.
    int32_t first;
} ck_sgd;
/// velocity may be NULL when momentum is 0.
void ck_sgd_step(const ck_sgd *sgd, float *weights, const float *gradient, float *velocity, size_t count);
/// y += alpha * x.
void ck_axpy(float alpha, const float *x, float *y, size_t count);
