// AVX2: table lookup, 16 output channels a register.
#if defined(__x86_64__) || defined(_M_X64)
#include "counting.h"
#include "cpu.h"
#include "nibble_table.h"
#include "x86_vectors.h"

namespace artem {
namespace {

struct Avx2 : NibbleSteps, FloatsOf256 {
    using Strip = StripOf256;
    using Register = __m256i;
    using Bits = __m256i;
    static constexpr int kRegisterChannels = 16;
    static constexpr int kRegisterBytes = 32;
    static constexpr int kBlockRegisters = 4;
    // Twelve counters and three tables fill the sixteen registers but one; weights come from
    // memory.
    static constexpr int kPixels = 3;

    static Register zero() { return _mm256_setzero_si256(); }

    static Bits bits(Step step) {
        return _mm256_load_si256(reinterpret_cast<const __m256i *>(entry(step)));
    }

    static void count(Register &counters, Bits table, const uint8_t *weights) {
        const __m256i indices = _mm256_load_si256(reinterpret_cast<const __m256i *>(weights));
        const __m256i answers = _mm256_shuffle_epi8(table, indices);
#if defined(__GNUC__) && defined(__AVX2__)
        // Left to itself GCC adds into another register and copies back, at a sixth of the speed.
        asm("vpaddb %1, %0, %0" : "+x"(counters) : "x"(answers));
#else
        counters = _mm256_add_epi8(counters, answers);
#endif
    }

    static void add_counts(uint16_t *counts, Register counters) {
        add_pairs_of_lanes(counts, counters);
    }
};

}  // namespace

extern const Kernel kAvx2;
const Kernel kAvx2 = kernel_of<Avx2>("avx2", cpu_has_avx2);

}  // namespace artem

#endif
