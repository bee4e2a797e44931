// AVX-512BW: table lookup, 32 output channels a register.
#if defined(__x86_64__) || defined(_M_X64)
#include "avx512_floats.h"
#include "counting.h"
#include "cpu.h"
#include "nibble_table.h"
#include "x86_vectors.h"

namespace artem {
namespace {

struct Avx512Bw : NibbleSteps, FloatsOf512 {
    using Strip = StripOf256;
    using Register = __m512i;
    using Bits = __m512i;
    static constexpr int kRegisterChannels = 32;
    static constexpr int kRegisterBytes = 64;
    static constexpr int kBlockRegisters = 4;
    static constexpr int kPixels = 5;  // twenty counters, five tables

    static Register zero() { return _mm512_setzero_si512(); }

    static Bits bits(Step step) {
        return _mm512_broadcast_i64x4(
            _mm256_load_si256(reinterpret_cast<const __m256i *>(entry(step))));
    }

    static void count(Register &counters, Bits table, const uint8_t *weights) {
        const __m512i indices = _mm512_load_si512(weights);
        counters = _mm512_add_epi8(counters, _mm512_shuffle_epi8(table, indices));
    }

    static void add_counts(uint16_t *counts, Register counters) {
        add_pairs_of_lanes(counts, _mm512_castsi512_si256(counters));
        add_pairs_of_lanes(counts + 16, _mm512_extracti64x4_epi64(counters, 1));
    }
};

}  // namespace

extern const Kernel kAvx512Bw;
const Kernel kAvx512Bw = kernel_of<Avx512Bw>("avx512bw", cpu_has_avx512bw);

}  // namespace artem

#endif
