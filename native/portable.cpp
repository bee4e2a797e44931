// Plain C++, for any CPU; what the others are compared with when the library is loaded.
#include "counting.h"
#include "cpu.h"

namespace artem {
namespace {

struct FloatsOfOne {
    static constexpr int kFloats = 1;

    static float load(const float *from) { return *from; }
    static float load(const int16_t *from) { return *from; }
    static void store(float *to, float value) { *to = value; }
    static float all(float value) { return value; }
    static float multiply(float a, float b) { return a * b; }
    static float add(float a, float b) { return a + b; }
    static uint64_t signs(float value) { return value >= 0; }
};

class StripOfFour {
 public:
    static constexpr int kChannels = 4;

    void add(const uint16_t *counts, int32_t size, int16_t *dots, const uint16_t *other_counts,
             int32_t other_size, int16_t *other_dots) {
        for (int i = 0; i < kChannels; ++i) {
            dots[i] = static_cast<int16_t>(size - 2 * counts[i]);
            other_dots[i] = static_cast<int16_t>(other_size - 2 * other_counts[i]);
            sums_[i] += dots[i] + other_dots[i];
            squares_[i] += dots[i] * dots[i] + other_dots[i] * other_dots[i];
        }
    }

    void store(int32_t *sums, int32_t *squares) const {
        std::memcpy(sums, sums_, sizeof sums_);
        std::memcpy(squares, squares_, sizeof squares_);
    }

 private:
    int32_t sums_[kChannels] = {}, squares_[kChannels] = {};
};

struct Portable : FloatsOfOne {
    using Strip = StripOfFour;
    using Step = uint64_t;
    using Bits = uint64_t;
    using Register = uint64_t;
    static constexpr int kStepChannels = 64;
    static constexpr int kStepLimit = 1 << 20;
    static constexpr int kRegisterChannels = 1;
    static constexpr int kRegisterBytes = 8;
    static constexpr int kBlockRegisters = 4;
    static constexpr bool kInterleaved = false;
    static constexpr int kPixels = 2;

    static Step step(uint64_t bits) { return bits; }
    static Register zero() { return 0; }
    static Bits bits(Step step) { return step; }

    static void count(Register &counter, Bits word, const uint8_t *weights) {
        uint64_t differ;
        std::memcpy(&differ, weights, 8);
        differ ^= word;
        // Pairs, nibbles, bytes, and all bytes in the highest one (Hacker's Delight, figure 5-2).
        differ -= differ >> 1 & 0x5555555555555555;
        differ = (differ & 0x3333333333333333) + (differ >> 2 & 0x3333333333333333);
        differ = (differ + (differ >> 4)) & 0x0f0f0f0f0f0f0f0f;
        counter += differ * 0x0101010101010101 >> 56;
    }

    static void add_counts(uint16_t *counts, Register counter) {
        *counts = static_cast<uint16_t>(*counts + counter);
    }

    static void place(uint8_t *weights, int32_t, uint64_t bits) { std::memcpy(weights, &bits, 8); }
};

bool everywhere() { return true; }

}  // namespace

extern const Kernel kPortable;
const Kernel kPortable = kernel_of<Portable>("portable", everywhere);

}  // namespace artem
