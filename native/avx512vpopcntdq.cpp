// AVX-512 VPOPCNTDQ: the CPU counts bits itself, a word of 8 output channels a register.
//
// Three instructions for 512 products, and counters of 64 bits that never need emptying.
#if defined(__x86_64__) || defined(_M_X64)
#include "avx512_floats.h"
#include "counting.h"
#include "cpu.h"
#include "x86_vectors.h"

namespace artem {
namespace {

struct Avx512Vpopcntdq : FloatsOf512 {
    using Strip = StripOf256;
    using Step = uint64_t;
    using Register = __m512i;
    using Bits = __m512i;
    static constexpr int kStepChannels = 64;
    static constexpr int kStepLimit = 1 << 20;
    static constexpr int kRegisterChannels = 8;
    static constexpr int kRegisterBytes = 64;
    static constexpr int kBlockRegisters = 4;
    static constexpr bool kInterleaved = true;
        static constexpr int kPixels = 6;  // 24 counters, six inputs: all registers but two

    static Step step(uint64_t bits) { return bits; }
    static Register zero() { return _mm512_setzero_si512(); }
    static Bits bits(Step step) { return _mm512_set1_epi64(static_cast<long long>(step)); }

    static void count(Register &counters, Bits word, const uint8_t *weights) {
        const __m512i differ = _mm512_xor_si512(word, _mm512_load_si512(weights));
        counters = _mm512_add_epi64(counters, _mm512_popcnt_epi64(differ));
    }

    static void add_counts(uint16_t *counts, Register counters) {
        auto *memory = reinterpret_cast<__m128i *>(counts);
        const __m128i sum = _mm512_cvtepi64_epi16(counters);
        _mm_store_si128(memory, _mm_add_epi16(_mm_load_si128(memory), sum));
    }

    static void add_block(uint16_t *counts, const Register *counters) {
        const __m512i low = _mm512_or_si512(counters[0], _mm512_slli_epi64(counters[1], 16));
        const __m512i high = _mm512_or_si512(counters[2], _mm512_slli_epi64(counters[3], 16));
        const __m512i four = _mm512_or_si512(low, _mm512_slli_epi64(high, 32));
        _mm512_store_si512(counts, _mm512_add_epi16(_mm512_load_si512(counts), four));
    }

    static void place(uint8_t *weights, int32_t channel, uint64_t bits) {
        std::memcpy(weights + 8 * channel, &bits, 8);
    }
};

}  // namespace

extern const Kernel kAvx512Vpopcntdq;
const Kernel kAvx512Vpopcntdq =
    kernel_of<Avx512Vpopcntdq>("avx512vpopcntdq", cpu_has_avx512vpopcntdq);

}  // namespace artem

#endif
