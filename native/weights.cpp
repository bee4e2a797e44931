#include "weights.h"

#include <cstring>

using namespace artem;

artem_xnor_weights::artem_xnor_weights(const Kernel &of, const artem_xnor_geometry &geometry,
                                       const uint64_t *packed)
    : kernel(of),
      shape(geometry),
      words(ceiling(geometry.channels, 64)),
      pixel_steps(ceiling(geometry.channels, of.step_channels)),
      total_steps(pixel_steps * geometry.kernel_height * geometry.kernel_width),
      block(of.register_channels * of.block_registers) {
    plan_stretches();
    arrange(packed);
    if (!shape.reflect) count_ones(packed);
}

uint64_t artem_xnor_weights::word_at(const uint64_t *packed, int64_t out, int64_t tap,
                                     int64_t word) const {
    const uint64_t bits = packed[(out * taps() + tap) * words + word];
    const int tail = shape.channels % 64;
    return word == words - 1 && tail ? bits & ((uint64_t{1} << tail) - 1) : bits;
}

// Rows of the kernel, cut into parts that counters can hold, and joined while they can.
void artem_xnor_weights::plan_stretches() {
    const int64_t row = pixel_steps * shape.kernel_width;
    const int64_t parts = ceiling(row, kernel.step_limit), length = ceiling(row, parts);
    int64_t counted = 0;
    for (int32_t y = 0; y < shape.kernel_height; ++y)
        for (int64_t first = 0; first < row; first += length) {
            const int64_t steps = std::min(length, row - first);
            if (counted + steps > kernel.step_limit) {
                stretches.back().last = true;
                counted = 0;
            }
            counted += steps;
            stretches.push_back(
                {y, static_cast<int32_t>(first), static_cast<int32_t>(steps), false});
        }
    stretches.back().last = true;
}

void artem_xnor_weights::arrange(const uint64_t *packed) {
    const int64_t all = ceiling(shape.out_channels, kernel.register_channels);
    const size_t size = static_cast<size_t>(all * total_steps * kernel.register_bytes);
    arranged = room_for(size);
    std::memset(arranged.get(), 0, size);
    const int steps_per_word = 64 / kernel.step_channels;
    const uint64_t mask =
        kernel.step_channels == 64 ? ~uint64_t{0} : (uint64_t{1} << kernel.step_channels % 64) - 1;
    for (int64_t out = 0; out < shape.out_channels; ++out) {
        const int64_t begin = out / block * block, lane = out - begin;
        const int64_t registers = registers_at(begin), pitch = registers * kernel.register_bytes;
        const bool alternate = kernel.interleaved && registers == kernel.block_registers;
        const int64_t number = alternate ? lane % registers : lane / kernel.register_channels;
        const int64_t place = alternate ? lane / registers : lane % kernel.register_channels;
        uint8_t *to = arranged.get() + (block_at(begin) - arranged.get()) +
                      number * kernel.register_bytes;
        for (int64_t tap = 0; tap < taps(); ++tap)
            for (int64_t step = 0; step < pixel_steps; ++step, to += pitch) {
                const uint64_t word = word_at(packed, out, tap, step / steps_per_word);
                const int shift = static_cast<int>(step % steps_per_word) * kernel.step_channels;
                kernel.place(to, static_cast<int32_t>(place), word >> shift & mask);
            }
    }
}

void artem_xnor_weights::count_ones(const uint64_t *packed) {
    ones.resize(static_cast<size_t>(taps() * shape.out_channels));
    for (int64_t tap = 0; tap < taps(); ++tap)
        for (int64_t out = 0; out < shape.out_channels; ++out) {
            uint16_t &sum = ones[static_cast<size_t>(tap * shape.out_channels + out)];
            for (int64_t word = 0; word < words; ++word)
                for (uint64_t bits = word_at(packed, out, tap, word); bits; bits &= bits - 1) ++sum;
        }
}
