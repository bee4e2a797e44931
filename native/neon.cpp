// NEON: it counts the bits of bytes itself, 16 output channels a register.
#if defined(__aarch64__) || defined(_M_ARM64)
#include <arm_neon.h>

#include "counting.h"
#include "cpu.h"

namespace artem {
namespace {

struct FloatsOfNeon {
    static constexpr int kFloats = 4;

    static float32x4_t load(const float *from) { return vld1q_f32(from); }
    static float32x4_t load(const int16_t *from) {
        return vcvtq_f32_s32(vmovl_s16(vld1_s16(from)));
    }
    static void store(float *to, float32x4_t values) { vst1q_f32(to, values); }
    static float32x4_t all(float value) { return vdupq_n_f32(value); }
    static float32x4_t multiply(float32x4_t a, float32x4_t b) { return vmulq_f32(a, b); }
    static float32x4_t add(float32x4_t a, float32x4_t b) { return vaddq_f32(a, b); }
    static uint64_t signs(float32x4_t values) {
        static const uint32_t places[4] = {1, 2, 4, 8};
        return vaddvq_u32(vandq_u32(vcgeq_f32(values, vdupq_n_f32(0)), vld1q_u32(places)));
    }
};

class StripOfNeon {
 public:
    static constexpr int kChannels = 16;

    void add(const uint16_t *counts, int32_t size, int16_t *dots, const uint16_t *other_counts,
             int32_t other_size, int16_t *other_dots) {
        add_one(counts, size, dots);
        add_one(other_counts, other_size, other_dots);
    }

    void store(int32_t *sums, int32_t *squares) const {
        for (int i = 0; i < 4; ++i) {
            vst1q_s32(sums + 4 * i, sums_[i]);
            vst1q_s32(squares + 4 * i, squares_[i]);
        }
    }

 private:
    void add_one(const uint16_t *counts, int32_t size, int16_t *dots) {
        for (int i = 0; i < 2; ++i) {
            const int16x8_t twice =
                vreinterpretq_s16_u16(vshlq_n_u16(vld1q_u16(counts + 8 * i), 1));
            const int16x8_t dot = vsubq_s16(vdupq_n_s16(static_cast<int16_t>(size)), twice);
            vst1q_s16(dots + 8 * i, dot);
            const int16x4_t low = vget_low_s16(dot), high = vget_high_s16(dot);
            sums_[2 * i] = vaddw_s16(sums_[2 * i], low);
            sums_[2 * i + 1] = vaddw_s16(sums_[2 * i + 1], high);
            squares_[2 * i] = vmlal_s16(squares_[2 * i], low, low);
            squares_[2 * i + 1] = vmlal_s16(squares_[2 * i + 1], high, high);
        }
    }

    int32x4_t sums_[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    int32x4_t squares_[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
};

struct Neon : FloatsOfNeon {
    using Strip = StripOfNeon;
    using Step = uint8_t;
    using Register = uint8x16_t;
    using Bits = uint8x16_t;
    static constexpr int kStepChannels = 8;
    static constexpr int kStepLimit = 255 / 8;
    static constexpr int kRegisterChannels = 16;
    static constexpr int kRegisterBytes = 16;
    static constexpr int kBlockRegisters = 4;
    static constexpr bool kInterleaved = false;
    static constexpr int kPixels = 4;

    static Step step(uint64_t bits) { return static_cast<Step>(bits); }
    static Register zero() { return vdupq_n_u8(0); }
    static Bits bits(Step step) { return vdupq_n_u8(step); }

    static void count(Register &counters, Bits byte, const uint8_t *weights) {
        counters = vaddq_u8(counters, vcntq_u8(veorq_u8(byte, vld1q_u8(weights))));
    }

    static void add_counts(uint16_t *counts, Register counters) {
        vst1q_u16(counts, vaddw_u8(vld1q_u16(counts), vget_low_u8(counters)));
        vst1q_u16(counts + 8, vaddw_u8(vld1q_u16(counts + 8), vget_high_u8(counters)));
    }

    static void place(uint8_t *weights, int32_t channel, uint64_t bits) {
        weights[channel] = static_cast<uint8_t>(bits);
    }
};

}  // namespace

extern const Kernel kNeon;
const Kernel kNeon = kernel_of<Neon>("neon", cpu_has_neon);

}  // namespace artem

#endif
