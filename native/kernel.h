// What one instruction set offers: a table of functions, compiled once for each.
#ifndef ARTEM_KERNEL_H
#define ARTEM_KERNEL_H

#include <cstdint>

#include "artem_xnor.h"

namespace artem {

// A stretch of steps that lies without a gap both in memory and in the arranged weights.
struct Stretch {
    int32_t row;    // of the kernel
    int32_t first;  // step in that row
    int32_t steps;
    bool last;  // of those that are counted in one go, before counters of a byte could overflow
};

// Pixels of the output that are computed together, and their input, expanded into steps.
struct Tile {
    const uint8_t *steps;
    const int32_t *offsets;  // for each pixel: bytes from steps to its first tap
    int64_t pitch;           // bytes from one row of steps to the next
    int32_t pixels;
    const Stretch *stretches;
    int32_t stretch_count;
};

// One block of output channels of a tile.
struct Counting {
    const Tile *tile;
    const uint8_t *weights;
    int32_t registers;  // of the block, that hold output channels
    uint16_t *counts;   // pixels, block: products that are -1
};

// Counts become dot products; their sums are added to.
struct Tallying {
    const uint16_t *counts;    // pixels, block
    const int32_t *sizes;      // for each pixel: its products
    int16_t *const *dots;      // for each pixel: where they go
    int32_t pixels, channels;  // channels: of this block
    int32_t largest;           // no dot is larger
    int64_t *sums, *squares;   // for each channel of this block, or null
};

// Pixels whose signs are packed.
struct Signing {
    int64_t pixels, channels;
    const float *maps, *scale, *shift;
    uint64_t *words;
    float *magnitudes;
};

struct Kernel {
    const char *name;
    bool (*runs)();
    int32_t step_channels;                      // input channels in a step: 8 or 64
    int32_t step_bytes;                         // of an expanded step of the input
    int32_t register_channels, register_bytes;  // of an arranged step of the weights
    int32_t block_registers;                    // output channels computed together, in registers
    bool interleaved;                           // channels of a whole block alternate among them
    int32_t step_limit;                         // steps that counters hold
    void (*place)(uint8_t *arranged, int32_t channel, uint64_t step);
    void (*expand)(const uint64_t *words, int64_t pixels, int32_t channels, uint8_t *steps);
    void (*count)(const Counting &);
    void (*tally)(const Tallying &);
    void (*sign)(const Signing &);
    void (*finish)(int64_t pixels, int64_t channels, const artem_xnor_finishing &);
};

// The best first, the portable one last, then a null.
extern const Kernel *const kernels[];

}  // namespace artem

#endif
