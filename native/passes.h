// Packing signs, and what follows a convolution: one pass over memory each.
//
// Included once for each instruction set. Everything is in an anonymous namespace, so that code
// compiled for one CPU is never linked in the place of another's; for the same reason no code of
// the standard library is used here.
#ifndef ARTEM_PASSES_H
#define ARTEM_PASSES_H

#include <cstring>

#include "compiler.h"
#include "kernel.h"

namespace artem {
namespace {

constexpr int kWord = 64;
constexpr int kLanes = 16;  // reference.py: LANES

struct Magnitudes {
    float lanes[kLanes] = {};

    void add(const float *values, int count) {
        for (int i = 0; i < count; ++i) {
            const float value = values[i];
            lanes[i % kLanes] += value < 0 ? -value : value;
        }
    }

    float mean(int64_t channels) {
        for (int width = kLanes / 2; width > 0; width /= 2)
            for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
        return lanes[0] / static_cast<float>(channels);
    }
};

// The loops below take whole words; a last word that is not full is copied into one that is.
template <class T>
struct FullWord {
    alignas(64) T values[kWord];

    FullWord(const T *from, int count) {
        std::memset(values, 0, sizeof values);
        if (from) std::memcpy(values, from, sizeof(T) * static_cast<size_t>(count));
    }
};

// The signs of values * scale + shift, which are also left in `kept` if that is not null.
template <class V>
inline uint64_t sign_word(const float *values, const float *scale, const float *shift,
                          float *kept) {
    uint64_t bits = 0;
    for (int i = 0; i < kWord; i += V::kFloats) {
        const auto scaled = V::multiply(V::load(values + i), V::load(scale + i));
        const auto shifted = V::add(scaled, V::load(shift + i));
        bits |= V::signs(shifted) << i;
        if (kept) V::store(kept + i, shifted);
    }
    return bits;
}

template <class V>
inline uint64_t sign_part(const float *values, const float *scale, const float *shift, int count,
                          float *kept) {
    if (count == kWord) return sign_word<V>(values, scale, shift, kept);
    const FullWord<float> full(values, count), scales(scale, count), shifts(shift, count);
    return sign_word<V>(full.values, scales.values, shifts.values, kept) &
           ((uint64_t{1} << count) - 1);
}

template <class V>
void sign(const Signing &run) {
    const int64_t words = (run.channels + kWord - 1) / kWord;
    alignas(64) float kept[kWord];
    for (int64_t pixel = 0; pixel < run.pixels; ++pixel) {
        Magnitudes magnitudes;
        for (int64_t word = 0; word < words; ++word) {
            const int64_t first = word * kWord, left = run.channels - first;
            const int count = left < kWord ? static_cast<int>(left) : kWord;
            run.words[pixel * words + word] =
                sign_part<V>(run.maps + pixel * run.channels + first, run.scale + first,
                             run.shift + first, count, run.magnitudes ? kept : nullptr);
            if (run.magnitudes) magnitudes.add(kept, count);
        }
        if (run.magnitudes) run.magnitudes[pixel] = magnitudes.mean(run.channels);
    }
}

template <class V, bool kResidual>
inline void finish_word(const int16_t *dots, const float *gain, const float *bias,
                        float pixel_scale, const float *residual, float *out) {
    const auto scale = V::all(pixel_scale);  // 1 without a map, which changes nothing
    for (int i = 0; i < kWord; i += V::kFloats) {
        const auto gained = V::multiply(V::load(dots + i), V::load(gain + i));
        auto value = V::add(V::multiply(gained, scale), V::load(bias + i));
        if (kResidual) value = V::add(value, V::load(residual + i));
        V::store(out + i, value);
    }
}

template <class V, bool kResidual>
inline void finish_part(const int16_t *dots, const float *gain, const float *bias,
                        float pixel_scale, const float *residual, float *out, int count) {
    if (count == kWord)
        return finish_word<V, kResidual>(dots, gain, bias, pixel_scale, residual, out);
    const FullWord<int16_t> full(dots, count);
    const FullWord<float> gains(gain, count), biases(bias, count), residuals(residual, count);
    alignas(64) float result[kWord];
    finish_word<V, kResidual>(full.values, gains.values, biases.values, pixel_scale,
                              residuals.values, result);
    std::memcpy(out, result, sizeof(float) * static_cast<size_t>(count));
}

template <class V>
void finish(int64_t pixels, int64_t channels, const artem_xnor_finishing &f) {
    const int64_t words = (channels + kWord - 1) / kWord;
    alignas(64) float unwanted[kWord], kept[kWord];
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
        const float pixel_scale = f.pixel_scales ? f.pixel_scales[pixel] : 1.0f;
        Magnitudes magnitudes;
        for (int64_t word = 0; word < words; ++word) {
            const int64_t first = word * kWord, left = channels - first;
            const int64_t at = pixel * channels + first;
            const int count = left < kWord ? static_cast<int>(left) : kWord;
            float *out = f.out ? f.out + at : unwanted;
            if (f.residual)
                finish_part<V, true>(f.dots + at, f.gain + first, f.bias + first, pixel_scale,
                                     f.residual + at, out, count);
            else
                finish_part<V, false>(f.dots + at, f.gain + first, f.bias + first, pixel_scale,
                                      nullptr, out, count);
            if (!f.words) continue;
            f.words[pixel * words + word] =
                sign_part<V>(out, f.next_scale + first, f.next_shift + first, count,
                             f.magnitudes ? kept : nullptr);
            if (f.magnitudes) magnitudes.add(kept, count);
        }
        if (f.words && f.magnitudes) f.magnitudes[pixel] = magnitudes.mean(channels);
    }
}

}  // namespace
}  // namespace artem

#endif
