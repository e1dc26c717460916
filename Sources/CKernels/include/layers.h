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
    /// One sample, padded: [height + 2 padding][width + 2 padding][channels], or what whole tiles cover.
    int64_t padded_input;
    /// Weights as the forward pass reads them: [outputs / 16][kernel * kernel * channels][16]; of tiles
    /// [36 points][outputs / 16][channels][16].
    int64_t forward_weights;
    /// Weights as the backward pass reads them: [channels / 16][kernel * kernel * outputs rounded up][16]; of
    /// tiles [36 points][channels / 16][outputs][16].
    int64_t backward_weights;
    /// One sample's products in either direction, and two more rows that wait for their maximum or what some
    /// rows of tiles need.
    int64_t products;
    /// One sample's output gradient, padded for the backward pass.
    int64_t padded_gradient;
    /// Codes (bytes, not floats) of one sample's pooled pixels: [out_height / 2][out_width / 2][outputs
    /// rounded up].
    int64_t pool_codes;
} ck_convolution_sizes;

ck_convolution_sizes ck_convolution_scratch(const ck_convolution *shape);
/// weights [outputs][channels][kernel][kernel] into the forward and the backward order, either of which may
/// be NULL.
void ck_convolution_pack(const ck_convolution *shape, const float *weights, float *forward, float *backward);
/// One sample: y = convolution(x) + bias (which may be NULL), then ReLU if `relu`, then 2 x 2 maximum if
/// `codes` is not NULL. Leaves the padded input in `padded_input` for the backward pass.
void ck_convolution_forward(const ck_convolution *shape, const float *x, const float *forward_weights,
                            const float *bias, int relu, float *padded_input, float *products, float *y,
                            void *codes);
/// One sample: adds to `weight_sums` (forward order) and `bias_sums` [outputs rounded up] unless they are
/// NULL; writes dx unless NULL. `y` is the output if a ReLU was fused without pooling, else NULL; `codes` as
/// the forward pass left them.
void ck_convolution_backward(const ck_convolution *shape, const float *dy, const float *y, const void *codes,
                             const float *padded_input, const float *backward_weights, float *padded_gradient,
                             float *products, float *weight_sums, float *bias_sums, float *dx);
/// target[o][c][ky][kx] = keep * target + scale * sums (forward order); keep is 0 or 1.
void ck_convolution_unpack(const ck_convolution *shape, const float *weight_sums, float scale, int keep,
                           float *target);

/// y [rows, outputs] = x [rows, inputs] * transposed weights [outputs, inputs] + bias, then ReLU if `relu`.
void ck_dense_forward(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *weights,
                      const float *bias, int relu, float *y);
/// Largest `rows` of `ck_dense_backward` and `ck_dense_descend`.
enum { CK_DENSE_ROWS = 12 };
/// dx [rows, inputs] = dy * weights unless NULL, then target = keep * target + scale * transposed dy * x.
/// `target` [outputs, inputs] may be `weights`: every weight is read before it is written.
void ck_dense_backward(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *dy,
                       const float *weights, float scale, int keep, float *target, float *dx);
/// SGD without momentum, optionally with a term of an anchor of as many values as there are weights: `ck_descend`.
typedef struct {
    float rate, decay, weight;
    /// Of the weights in the term weight * (share * weights - anchor): 1 pulls towards the anchor with a force of `weight`;
    /// 0 with a weight of -1 adds the anchor to the gradient.
    float share;
    const float *anchor;
} ck_descent;
/// `ck_dense_backward` and, in the same pass, `ck_descend` of the weights along transposed dy * x, with the same bits.
void ck_dense_descend(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *dy,
                      const ck_descent *descent, float *weights, float *dx);
/// Weights share * own + (1 - share) * model and a step of `own`, SGD without momentum, along the gradient at them.
typedef struct {
    float share, rate, decay;
    const float *model;
} ck_mixture;
/// `ck_mix` and `ck_dense_forward` with its result, with the same bits, without an array that holds it.
void ck_dense_forward_mixture(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *own,
                              const ck_mixture *mixture, const float *bias, int relu, float *y);
/// `ck_dense_backward` with such weights and, in the same pass, `ck_mixture_descend`: dx and own with the same bits, the
/// slope, which is returned, but for rounding.
double ck_dense_descend_mixture(int64_t rows, int64_t inputs, int64_t outputs, const float *x, const float *dy,
                                const ck_mixture *mixture, float *own, float *dx);
/// y [rows, columns] += bias, then ReLU if `relu`.
void ck_bias(int64_t rows, int64_t columns, const float *bias, int relu, float *y);
/// target [columns] = keep * target + scale * (column sums of dy [rows, columns]).
void ck_bias_backward(int64_t rows, int64_t columns, const float *dy, float scale, int keep, float *target);

/// y = max(x, 0); NaN stays NaN.
void ck_relu(const float *x, float *y, size_t count);
/// dx = y <= 0 ? 0 : dy; dx may be dy.
void ck_relu_backward(const float *y, const float *dy, float *dx, size_t count);
/// The same with an upper end: y = min(max(x, 0), 6), and dx = 0 < y < 6 ? dy : 0.
void ck_relu6(const float *x, float *y, size_t count);
void ck_relu6_backward(const float *y, const float *dy, float *dx, size_t count);
/// y = a + b, then ReLU if `relu`; y may be a or b.
void ck_add(const float *a, const float *b, int relu, float *y, size_t count);
/// y = a * b, value by value.
void ck_multiply(const float *a, const float *b, float *y, size_t count);
/// y = pixels / 255, rounded correctly.
void ck_unit_bytes(const uint8_t *pixels, float *y, size_t count);
/// x *= alpha.
void ck_scale(float alpha, float *x, size_t count);

/// Windows over planes [height, width]; what of a window lies in the padding or beyond the end does not
/// count.
typedef struct {
    int64_t height, width, out_height, out_width;
    int64_t kernel_height, kernel_width, stride, padding;
} ck_pool;
/// Square kernels; `codes` gets the place of the maximum in its window (row * kernel + column).
void ck_max_pool(const ck_pool *shape, int64_t planes, const float *x, float *y, void *codes);
void ck_max_pool_backward(const ck_pool *shape, int64_t planes, const float *dy, const void *codes,
                          float *dx);
void ck_average_pool(const ck_pool *shape, int64_t planes, const float *x, float *y);
void ck_average_pool_backward(const ck_pool *shape, int64_t planes, const float *dy, float *dx);

/// Activations that a norm applies to its output.
enum { CK_LINEAR, CK_RELU, CK_RELU6 };
/// Normalisation of samples [channels, plane].
typedef struct {
    int64_t channels, plane;
    /// Of group norm: a divisor of the channels.
    int64_t groups;
    double epsilon;
    /// How far running statistics move.
    double momentum;
    /// Of batch norm.
    int32_t activation;
} ck_norm;
/// y = activation((x - mean) / sqrt(variance + epsilon) * weight + bias), with the batch's mean and variance
/// of each channel if `train`, which then move the running ones, else with these. `statistics` [channels][4]
/// is for the backward pass.
void ck_batch_norm(const ck_norm *norm, int64_t samples, const float *x, const float *weight,
                   const float *bias, float *running_mean, float *running_variance, int train,
                   float *statistics, float *y);
/// dx unless NULL; then, unless weight_target is NULL, target = keep * target + scale * gradient for both
/// targets, which may be weight and bias themselves. x as it was in the forward pass.
void ck_batch_norm_backward(const ck_norm *norm, int64_t samples, const float *x, const float *dy,
                            const float *weight, const float *statistics, int train, float scale, int keep,
                            float *weight_target, float *bias_target, float *dx);
/// `statistics` [samples][groups][2].
void ck_group_norm(const ck_norm *norm, int64_t samples, const float *x, const float *weight,
                   const float *bias, float *statistics, float *y);
/// Adds to weight_sums and bias_sums [channels] unless NULL; writes dx unless NULL.
void ck_group_norm_backward(const ck_norm *norm, int64_t samples, const float *x, const float *dy,
                            const float *weight, const float *statistics, float *weight_sums,
                            float *bias_sums, float *dx);

/// Depthwise convolutions: outputs and channels are equal, kernels at most 8 x 8. Scratch of one panel of
/// channels at a time: `padded` and `products` [height + 2 padding][width + 2 padding][16] (or, of products,
/// the output if that is larger), `padded_gradient` as `ck_depthwise_scratch` says.
ck_convolution_sizes ck_depthwise_scratch(const ck_convolution *shape);
/// weights [channels][kernel][kernel] to [channels / 16][kernel * kernel][16]; as the backward pass wants
/// them if `backward`.
void ck_depthwise_pack(const ck_convolution *shape, const float *weights, int backward, float *packed);
/// One sample. `bias` may be NULL.
void ck_depthwise_forward(const ck_convolution *shape, const float *x, const float *packed, const float *bias,
                          float *padded, float *products, float *y);
/// One sample: adds to `weight_sums` (packed) and `bias_sums` unless weight_sums is NULL; writes dx unless
/// NULL.
void ck_depthwise_backward(const ck_convolution *shape, const float *x, const float *dy, const float *packed,
                           float *padded, float *padded_gradient, float *products, float *weight_sums,
                           float *bias_sums, float *dx);
/// target [channels][kernel][kernel] = keep * target + scale * sums (packed).
void ck_depthwise_unpack(const ck_convolution *shape, const float *sums, float scale, int keep,
                         float *target);

/// out [pixels][channels] = in [channels][pixels], and the reverse with a bias unless NULL and ReLU if
/// `relu`.
void ck_channels_inside(int64_t channels, int64_t pixels, const float *in, float *out);
void ck_channels_outside(int64_t channels, int64_t pixels, const float *in, const float *bias, int relu,
                         float *out);

/// Loss and correct predictions of `rows` samples. A row with a NaN counts as wrong.
typedef struct {
    double loss;
    int64_t correct;
} ck_loss;
/// Softmax cross-entropy of logits [rows, classes]; writes the gradient of the mean over `rows` unless NULL.
/// exp is a polynomial with a relative error below 2e-7, log below 1e-15; equal in every family.
ck_loss ck_cross_entropy(int64_t rows, int64_t classes, const float *logits, const uint8_t *labels,
                         float *gradient);

/// temperature^2 times the sum over rows of KL(softmax(teacher / temperature) || softmax(student /
/// temperature)); the gradient of its mean over rows with respect to the student's logits unless NULL.
double ck_distillation(int64_t rows, int64_t classes, const float *student, const float *teacher,
                       float temperature, float *gradient);
/// weight times the gradient of the mean over rows of KL(U || softmax(x)), U the uniform distribution, with respect to
/// x [rows, classes]: weight (softmax(x) - 1 / classes) / rows.
void ck_uniform_divergence(int64_t rows, int64_t classes, const float *x, float weight, float *gradient);
/// The sum of (a - b)^2, or of a^2 if b is NULL.
double ck_squares(const float *a, const float *b, size_t count);
/// The sum of (a - b) * c, or of a * c if b is NULL.
double ck_inner(const float *a, const float *b, const float *c, size_t count);
/// y = scale * (a - b); y may be a.
void ck_difference(const float *a, const float *b, float scale, float *y, size_t count);

/// How SGD moves a weight, with PyTorch's meaning of every term.
typedef struct {
    float learning_rate, momentum, weight_decay;
    int32_t nesterov;
    /// 1 when `velocity` holds nothing yet.
    int32_t first;
} ck_sgd;
/// velocity may be NULL when momentum is 0.
void ck_sgd_step(const ck_sgd *sgd, float *weights, const float *gradient, float *velocity, size_t count);
/// weights -= rate * (gradient + weight * (share * weights - anchor) + decay * weights), where an anchor that is NULL
/// stands for no such term. The gradient stays as it is. With a share of 1 the bits are those of `ck_add_difference` and
/// `ck_sgd_step`.
void ck_descend(const ck_descent *descent, const float *gradient, float *weights, size_t count);
/// The slope <own - model, gradient> of the mixture's share, then own -= rate * (share * gradient + decay * own). The
/// arrays must not overlap.
double ck_mixture_descend(const ck_mixture *mixture, const float *gradient, float *own, size_t count);
/// How Adam moves a weight: d = gradient + weight_decay w; m and v move to d and d^2 by 1 - beta;
/// w -= step m / (root sqrt(v) + epsilon), where step and root hold the corrections for the first steps.
typedef struct {
    float step, root, beta1, beta2, epsilon, weight_decay;
} ck_adam;
void ck_adam_step(const ck_adam *adam, float *weights, const float *gradient, float *mean, float *square,
                  size_t count);
/// y += alpha * (a - b); y may be a.
void ck_add_difference(float alpha, const float *a, const float *b, float *y, size_t count);
/// y = share * a + (1 - share) * b; y may be b.
void ck_mix(float share, const float *a, const float *b, float *y, size_t count);
/// y = from + scale * (y - from), in double.
void ck_extrapolate(double scale, const float *from, float *y, size_t count);
/// SCAFFOLD's new variate, own - server + scale * (x - y): it replaces `own`, and `sent` is the server's moved by as much.
void ck_control_variate(float scale, const float *x, const float *y, const float *server, float *own,
                        float *sent, size_t count);
/// y += alpha * x.
void ck_axpy(float alpha, const float *x, float *y, size_t count);
