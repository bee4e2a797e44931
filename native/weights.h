// A convolution's weights, in the order in which one kernel reads them.
#ifndef ARTEM_WEIGHTS_H
#define ARTEM_WEIGHTS_H

#include <algorithm>
#include <vector>

#include "kernel.h"
#include "room.h"

struct artem_xnor_weights {
    const artem::Kernel &kernel;
    artem_xnor_geometry shape;
    int64_t words, pixel_steps, total_steps, block;
    std::vector<artem::Stretch> stretches;
    artem::Bytes arranged;
    std::vector<uint16_t> ones;  // taps, out: bits that are 1, for taps beyond a border of zeros

    artem_xnor_weights(const artem::Kernel &of, const artem_xnor_geometry &geometry,
                       const uint64_t *packed);

    int64_t taps() const { return int64_t{shape.kernel_height} * shape.kernel_width; }

    int32_t registers_at(int64_t first_channel) const {
        const int64_t left =
            artem::ceiling(shape.out_channels - first_channel, kernel.register_channels);
        return static_cast<int32_t>(std::min<int64_t>(left, kernel.block_registers));
    }

    // Where the weights of the block that begins with this channel lie.
    const uint8_t *block_at(int64_t first_channel) const {
        return arranged.get() +
               first_channel / kernel.register_channels * total_steps * kernel.register_bytes;
    }

 private:
    uint64_t word_at(const uint64_t *packed, int64_t out, int64_t tap, int64_t word) const;
    void plan_stretches();
    void arrange(const uint64_t *packed);
    void count_ones(const uint64_t *packed);
};

#endif
