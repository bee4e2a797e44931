// The C interface.
#include "artem_xnor.h"

#include <algorithm>
#include <atomic>
#include <new>

#include "convolution.h"
#include "kernel.h"
#include "pool.h"
#include "weights.h"

using namespace artem;

namespace {

constexpr int64_t kPassPixels = 256;  // taken at a time by a thread

// Calls `pass(image, first pixel, pixels)` for all pixels, in parts that threads take.
template <class Pass>
void in_parts(int64_t images, int64_t pixels, int32_t threads, const Pass &pass) {
    const int64_t parts = ceiling(pixels, kPassPixels);
    std::atomic<int64_t> next{0};
    run_on(static_cast<int32_t>(std::min<int64_t>(threads, images * parts)), [&] {
        for (int64_t part; (part = next++) < images * parts;) {
            const int64_t first = part % parts * kPassPixels;
            pass(part / parts, first, std::min(kPassPixels, pixels - first));
        }
    });
}

}  // namespace

int32_t artem_xnor_interface(void) { return ARTEM_XNOR_INTERFACE; }

const char *artem_xnor_name(int32_t kernel) {
    return kernels[kernel] ? kernels[kernel]->name : nullptr;
}

int32_t artem_xnor_runs(int32_t kernel) { return kernels[kernel]->runs(); }

artem_xnor_weights *artem_xnor_arrange(int32_t kernel, const artem_xnor_geometry *geometry,
                                       const uint64_t *words) try {
    return new artem_xnor_weights(*kernels[kernel], *geometry, words);
} catch (const std::bad_alloc &) {
    return nullptr;
}

void artem_xnor_release(artem_xnor_weights *weights) { delete weights; }

int32_t artem_xnor_convolve(const artem_xnor_weights *weights, int64_t images, int64_t height,
                            int64_t width, const uint64_t *packed, int16_t *dots, int64_t *sums,
                            const artem_xnor_finishing *finishing, int32_t threads) try {
    return convolve(*weights, images, height, width, packed, dots, sums, finishing, threads) ? 0
                                                                                             : -1;
} catch (const std::bad_alloc &) {
    return -1;
}

int32_t artem_xnor_sign_pack(int32_t kernel, int64_t images, int64_t pixels, int64_t channels,
                             const float *maps, const float *scale, const float *shift,
                             uint64_t *words, float *magnitudes, int32_t threads) try {
    const int64_t word_count = ceiling(channels, 64);
    in_parts(images, pixels, threads, [&](int64_t image, int64_t first, int64_t count) {
        const int64_t at = image * pixels + first;
        kernels[kernel]->sign({count, channels, maps + at * channels, scale + image * channels,
                               shift + image * channels, words + at * word_count,
                               magnitudes ? magnitudes + at : nullptr});
    });
    return 0;
} catch (const std::bad_alloc &) {
    return -1;
}

int32_t artem_xnor_finish(int32_t kernel, int64_t images, int64_t pixels, int64_t channels,
                          const artem_xnor_finishing *whole, int32_t threads) try {
    in_parts(images, pixels, threads, [&](int64_t image, int64_t first, int64_t count) {
        const int64_t pixel = image * pixels + first;
        const int16_t *dots = whole->dots + pixel * channels;
        kernels[kernel]->finish(count, channels, part_of(*whole, image, pixel, channels, dots));
    });
    return 0;
} catch (const std::bad_alloc &) {
    return -1;
}
