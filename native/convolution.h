// Convolutions and passes over whole images, cut into parts that threads take.
#ifndef ARTEM_CONVOLUTION_H
#define ARTEM_CONVOLUTION_H

#include "kernel.h"
#include "weights.h"

namespace artem {

// As artem_xnor_convolve; false when memory is short.
bool convolve(const artem_xnor_weights &weights, int64_t images, int64_t height, int64_t width,
              const uint64_t *packed, int16_t *dots, int64_t *sums,
              const artem_xnor_finishing *finishing, int32_t threads);

// The part of a finishing that begins at a pixel; both count over all images.
artem_xnor_finishing part_of(const artem_xnor_finishing &whole, int64_t image, int64_t pixel,
                             int64_t channels, const int16_t *dots);

}  // namespace artem

#endif
