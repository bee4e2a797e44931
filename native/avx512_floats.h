// Floats in the registers of AVX-512.
#ifndef ARTEM_AVX512_FLOATS_H
#define ARTEM_AVX512_FLOATS_H

#include <immintrin.h>

#include <cstdint>

namespace artem {
namespace {

struct FloatsOf512 {
    static constexpr int kFloats = 16;

    static __m512 load(const float *from) { return _mm512_loadu_ps(from); }
    static __m512 load(const int16_t *from) {
        const __m256i narrow = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from));
        return _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(narrow));
    }
    static void store(float *to, __m512 values) { _mm512_storeu_ps(to, values); }
    static __m512 all(float value) { return _mm512_set1_ps(value); }
    static __m512 multiply(__m512 a, __m512 b) { return _mm512_mul_ps(a, b); }
    static __m512 add(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
    static uint64_t signs(__m512 values) {
        return _mm512_cmp_ps_mask(values, _mm512_setzero_ps(), _CMP_GE_OQ);
    }
};

}  // namespace
}  // namespace artem

#endif
