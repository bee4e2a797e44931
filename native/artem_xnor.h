/* Convolutions of signs, packed 64 channels a word: the C interface.
 *
 * What is computed, bit for bit, stands in src/artem/runtime/xnor/reference.py; how bits lie, in
 * packing.py beside it. Arrays are dense, channels last. The callers check sizes; functions that
 * return a number return 0, or -1 when memory is short. Any number of threads may call at once.
 */
#ifndef ARTEM_XNOR_H
#define ARTEM_XNOR_H

#include <stdint.h>

#ifdef _WIN32
#define ARTEM_API __declspec(dllexport)
#else
#define ARTEM_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* To be raised whenever something here changes: the Python side refuses any other. */
#define ARTEM_XNOR_INTERFACE 2

typedef struct artem_xnor_weights artem_xnor_weights;

typedef struct {
    int32_t channels, out_channels, kernel_height, kernel_width;
    int32_t stride;  /* 1 or 2 */
    int32_t reflect; /* beyond the border: 1 the mirrored input, 0 nothing */
} artem_xnor_geometry;

/* residual + (dots * gain * pixel_scales + bias), and its signs; NULL where not wanted. */
typedef struct {
    const int16_t *dots;                  /* images, pixels, channels; unused by a convolution */
    const float *gain, *bias;             /* images, channels */
    const float *pixel_scales;            /* images, pixels */
    const float *residual;                /* images, pixels, channels; may be out */
    float *out;                           /* images, pixels, channels */
    const float *next_scale, *next_shift; /* images, channels; with words */
    uint64_t *words;                      /* images, pixels, words */
    float *magnitudes;                    /* images, pixels; with words */
} artem_xnor_finishing;

ARTEM_API int32_t artem_xnor_interface(void);

/* Kernels are numbered from 0, the best first; NULL beyond the last. */
ARTEM_API const char *artem_xnor_name(int32_t kernel);

/* Whether this CPU, and its system, have the instructions: 1 or 0. */
ARTEM_API int32_t artem_xnor_runs(int32_t kernel);

/* words: out, kernel_height, kernel_width, words. NULL when memory is short. */
ARTEM_API artem_xnor_weights *artem_xnor_arrange(int32_t kernel,
                                                 const artem_xnor_geometry *geometry,
                                                 const uint64_t *words);
ARTEM_API void artem_xnor_release(artem_xnor_weights *weights);

/* packed: images, height, width, words. dots: images, height', width', out. sums: images, 2, out.
 * With finishing, which needs no sums, both may be NULL: dots are finished while they are at hand.
 */
ARTEM_API int32_t artem_xnor_convolve(const artem_xnor_weights *weights, int64_t images,
                                      int64_t height, int64_t width, const uint64_t *packed,
                                      int16_t *dots, int64_t *sums,
                                      const artem_xnor_finishing *finishing, int32_t threads);

/* maps: images, pixels, channels. scale, shift: images, channels. magnitudes may be NULL. */
ARTEM_API int32_t artem_xnor_sign_pack(int32_t kernel, int64_t images, int64_t pixels,
                                       int64_t channels, const float *maps, const float *scale,
                                       const float *shift, uint64_t *words, float *magnitudes,
                                       int32_t threads);

ARTEM_API int32_t artem_xnor_finish(int32_t kernel, int64_t images, int64_t pixels,
                                    int64_t channels, const artem_xnor_finishing *finishing,
                                    int32_t threads);

#ifdef __cplusplus
}
#endif
#endif
