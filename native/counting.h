// The convolution's inner loops, over whatever registers an instruction set has.
//
// Included once for each instruction set, and anonymous for the reason told in passes.h.
//
// Weights are arranged so that a register holds the same few bits of many output channels. An
// input step (8 or 64 channels of one tap of one pixel) is compared with all of them at once, and
// every output channel has a counter of its own in its lane: nothing is ever summed across lanes.
// V says how; it has
//   Step, step(bits)          the input's bits as they are best kept
//   Bits, bits(Step)          the same in a register, ready to be compared
//   Register, zero()          counters
//   count(Register&, Bits, weights) adds to each counter the bits in which input and weights differ
//   add_counts(counts, Register)    adds counters to 16-bit memory
//   add_block(counts, Register*)    the same for a whole block, if kInterleaved: channel 4 i + q of
//                                   it is then lane i of register q
//   place(weights, channel, bits)   puts one output channel's bits where count() looks for them
//   Strip                     makes dots of counts and adds them up; see StripOf256
//   kFloats, load() ..        vectors of floats; see FloatsOf256
// and constants: how many input channels a step has, how many output channels and bytes a register
// of weights, how many registers a block of output channels, whether channels alternate among them,
// how many pixels are counted together, and how many steps a counter holds.
#ifndef ARTEM_COUNTING_H
#define ARTEM_COUNTING_H

#include "compiler.h"
#include "kernel.h"
#include "passes.h"

namespace artem {
namespace {

template <class V>
void expand(const uint64_t *words, int64_t pixels, int32_t channels, uint8_t *expanded) {
    const int32_t word_count = (channels + 63) / 64;
    const uint64_t tail = channels % 64 ? (uint64_t{1} << channels % 64) - 1 : ~uint64_t{0};
    auto *steps = reinterpret_cast<typename V::Step *>(expanded);
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
        for (int32_t word = 0; word < word_count; ++word) {
            uint64_t bits = *words++;
            if (word == word_count - 1) bits &= tail;
            if (V::kStepChannels == 64) {
                *steps++ = V::step(bits);
                continue;
            }
            const int32_t left = channels - 64 * word, count = left < 64 ? (left + 7) / 8 : 8;
            for (int32_t i = 0; i < count; ++i) *steps++ = V::step(bits >> 8 * i & 255);
        }
}

// P pixels by Q registers of output channels: as many counters as there are registers for.
template <class V, int P, int Q>
void count_few(const Counting &c, int32_t first, const Stretch *stretch, const uint8_t *weights) {
    const Tile &tile = *c.tile;
    typename V::Register counters[P][Q];
    ARTEM_UNROLL for (int p = 0; p < P; ++p) ARTEM_UNROLL for (int q = 0; q < Q; ++q)
        counters[p][q] = V::zero();
    for (;; ++stretch) {
        const typename V::Step *steps[P];
        for (int p = 0; p < P; ++p)
            steps[p] = reinterpret_cast<const typename V::Step *>(
                           tile.steps + tile.offsets[first + p] + stretch->row * tile.pitch) +
                       stretch->first;
        for (int32_t step = 0; step < stretch->steps; ++step) {
            typename V::Bits bits[P];
            ARTEM_UNROLL for (int p = 0; p < P; ++p) bits[p] = V::bits(steps[p][step]);
            ARTEM_UNROLL for (int q = 0; q < Q; ++q) ARTEM_UNROLL for (int p = 0; p < P; ++p)
                V::count(counters[p][q], bits[p], weights + q * V::kRegisterBytes);
            weights += Q * V::kRegisterBytes;
        }
        if (stretch->last) break;
    }
    constexpr int kBlock = V::kRegisterChannels * V::kBlockRegisters;
    ARTEM_UNROLL for (int p = 0; p < P; ++p) {
        uint16_t *counts = c.counts + (first + p) * kBlock;
        if constexpr (V::kInterleaved && Q == V::kBlockRegisters)
            V::add_block(counts, counters[p]);
        else
            ARTEM_UNROLL for (int q = 0; q < Q; ++q)
                V::add_counts(counts + q * V::kRegisterChannels, counters[p][q]);
    }
}

// The last pixels of a tile, P of them at most, together as well.
template <class V, int P, int Q>
inline void count_rest(const Counting &c, int32_t first, const Stretch *stretch,
                       const uint8_t *weights) {
    if constexpr (P > 0) {
        if (c.tile->pixels - first == P)
            count_few<V, P, Q>(c, first, stretch, weights);
        else
            count_rest<V, P - 1, Q>(c, first, stretch, weights);
    }
}

template <class V, int Q>
void count_registers(const Counting &c) {
    constexpr int kBlock = V::kRegisterChannels * V::kBlockRegisters;
    const Tile &tile = *c.tile;
    std::memset(c.counts, 0, sizeof(uint16_t) * kBlock * static_cast<size_t>(tile.pixels));
    // A piece of the weights stays in the first cache while all pixels pass by.
    const uint8_t *weights = c.weights;
    for (int32_t begin = 0; begin < tile.stretch_count;) {
        const Stretch *stretch = tile.stretches + begin;
        int32_t pixel = 0;
        for (; pixel + V::kPixels <= tile.pixels; pixel += V::kPixels)
            count_few<V, V::kPixels, Q>(c, pixel, stretch, weights);
        count_rest<V, V::kPixels - 1, Q>(c, pixel, stretch, weights);
        do weights += static_cast<size_t>(tile.stretches[begin].steps) * Q * V::kRegisterBytes;
        while (!tile.stretches[begin++].last);
    }
}

template <class V>
void count(const Counting &c) {
    static_assert(V::kBlockRegisters == 4, "one case below for each");
    switch (c.registers) {
        case 1:
            return count_registers<V, 1>(c);
        case 2:
            return count_registers<V, 2>(c);
        case 3:
            return count_registers<V, 3>(c);
        default:
            return count_registers<V, 4>(c);
    }
}

// Dots alone, where nobody asked for their sums.
template <class V>
void make_dots(const Tallying &t) {
    constexpr int kBlock = V::kRegisterChannels * V::kBlockRegisters;
    for (int32_t pixel = 0; pixel < t.pixels; ++pixel) {
        const uint16_t *ARTEM_RESTRICT counts = t.counts + pixel * kBlock;
        int16_t *ARTEM_RESTRICT dots = t.dots[pixel];
        for (int32_t i = 0; i < t.channels; ++i)
            dots[i] = static_cast<int16_t>(t.sizes[pixel] - 2 * counts[i]);
    }
}

// The sums are of integers: neither order nor number of threads can change them.
template <class V>
void tally(const Tallying &t) {
    if (!t.sums) return make_dots<V>(t);
    constexpr int kBlock = V::kRegisterChannels * V::kBlockRegisters;
    constexpr int kStrip = V::Strip::kChannels;
    static_assert(kBlock % kStrip == 0, "strips never leave their block");
    const uint16_t no_counts[kStrip] = {};
    int16_t spare[2][kStrip];
    // Squares are added up in 32 bits for as many pixels as certainly fit, two at the least.
    const int64_t square = static_cast<int64_t>(t.largest) * t.largest;
    const auto safe = static_cast<int32_t>(2147483647 / square & ~int64_t{1});
    for (int32_t first = 0; first < t.channels; first += kStrip) {
        const int32_t present = t.channels - first < kStrip ? t.channels - first : kStrip;
        for (int32_t begin = 0; begin < t.pixels; begin += safe) {
            const int32_t end = t.pixels - begin < safe ? t.pixels : begin + safe;
            typename V::Strip strip;
            for (int32_t pixel = begin; pixel < end; pixel += 2) {
                const uint16_t *counts = t.counts + pixel * kBlock + first;
                const bool paired = pixel + 1 < end, whole = present == kStrip;
                int16_t *one = t.dots[pixel] + first;
                int16_t *other = paired ? t.dots[pixel + 1] + first : nullptr;
                strip.add(counts, t.sizes[pixel], whole ? one : spare[0],
                          paired ? counts + kBlock : no_counts, paired ? t.sizes[pixel + 1] : 0,
                          whole && paired ? other : spare[1]);
                if (whole) continue;
                const size_t bytes = sizeof(int16_t) * static_cast<size_t>(present);
                std::memcpy(one, spare[0], bytes);
                if (paired) std::memcpy(other, spare[1], bytes);
            }
            int32_t sums[kStrip], squares[kStrip];
            strip.store(sums, squares);
            for (int32_t i = 0; i < present; ++i) {
                t.sums[first + i] += sums[i];
                t.squares[first + i] += squares[i];
            }
        }
    }
}

template <class V>
constexpr Kernel kernel_of(const char *name, bool (*runs)()) {
    return {name,
            runs,
            V::kStepChannels,
            static_cast<int32_t>(sizeof(typename V::Step)),
            V::kRegisterChannels,
            V::kRegisterBytes,
            V::kBlockRegisters,
            V::kInterleaved,
            V::kStepLimit,
            V::place,
            expand<V>,
            count<V>,
            tally<V>,
            sign<V>,
            finish<V>};
}

}  // namespace
}  // namespace artem

#endif
