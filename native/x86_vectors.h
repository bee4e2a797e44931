// What the x86 kernels share: AVX2's floats and sums, which every later CPU has as well.
#ifndef ARTEM_X86_VECTORS_H
#define ARTEM_X86_VECTORS_H

#include <immintrin.h>

#include <cstdint>

namespace artem {
namespace {

struct FloatsOf256 {
    static constexpr int kFloats = 8;

    static __m256 load(const float *from) { return _mm256_loadu_ps(from); }
    static __m256 load(const int16_t *from) {
        const __m128i narrow = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
        return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(narrow));
    }
    static void store(float *to, __m256 values) { _mm256_storeu_ps(to, values); }
    static __m256 all(float value) { return _mm256_set1_ps(value); }
    static __m256 multiply(__m256 a, __m256 b) { return _mm256_mul_ps(a, b); }
    static __m256 add(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
    static uint64_t signs(__m256 values) {
        const __m256 positive = _mm256_cmp_ps(values, _mm256_setzero_ps(), _CMP_GE_OQ);
        return static_cast<uint32_t>(_mm256_movemask_ps(positive));
    }
};

// Dots of 16 channels of two pixels at a time, and their sums.
class StripOf256 {
 public:
    static constexpr int kChannels = 16;

    void add(const uint16_t *counts, int32_t size, int16_t *dots, const uint16_t *other_counts,
             int32_t other_size, int16_t *other_dots) {
        const __m256i one = to_dots(counts, size, dots);
        const __m256i other = to_dots(other_counts, other_size, other_dots);
        // Neighbors in a pair are the two pixels of one channel.
        const __m256i low = _mm256_unpacklo_epi16(one, other);
        const __m256i high = _mm256_unpackhi_epi16(one, other);
        const __m256i ones = _mm256_set1_epi16(1);
        sums_[0] = _mm256_add_epi32(sums_[0], _mm256_madd_epi16(low, ones));
        sums_[1] = _mm256_add_epi32(sums_[1], _mm256_madd_epi16(high, ones));
        squares_[0] = _mm256_add_epi32(squares_[0], _mm256_madd_epi16(low, low));
        squares_[1] = _mm256_add_epi32(squares_[1], _mm256_madd_epi16(high, high));
    }

    void store(int32_t *sums, int32_t *squares) const {
        store_in_order(sums, sums_);
        store_in_order(squares, squares_);
    }

 private:
    static __m256i to_dots(const uint16_t *counts, int32_t size, int16_t *dots) {
        const __m256i loaded = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(counts));
        const __m256i result = _mm256_sub_epi16(_mm256_set1_epi16(static_cast<int16_t>(size)),
                                                _mm256_add_epi16(loaded, loaded));
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(dots), result);
        return result;
    }

    // Unpacking left channels 0-3 and 8-11 in one register, 4-7 and 12-15 in the other.
    static void store_in_order(int32_t *to, const __m256i *from) {
        auto *memory = reinterpret_cast<__m256i *>(to);
        _mm256_storeu_si256(memory, _mm256_permute2x128_si256(from[0], from[1], 0x20));
        _mm256_storeu_si256(memory + 1, _mm256_permute2x128_si256(from[0], from[1], 0x31));
    }

    __m256i sums_[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    __m256i squares_[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
};

// Counters of bytes, the lower bits of sixteen channels and then their upper bits.
inline void add_pairs_of_lanes(uint16_t *counts, __m256i counters) {
    auto *memory = reinterpret_cast<__m256i *>(counts);
    const __m256i lower = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(counters));
    const __m256i upper = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(counters, 1));
    const __m256i sum = _mm256_add_epi16(lower, upper);
    _mm256_store_si256(memory, _mm256_add_epi16(_mm256_load_si256(memory), sum));
}

}  // namespace
}  // namespace artem

#endif
