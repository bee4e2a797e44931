// The AVX2 and AVX-512 instructions that the kernels use, one lane after the other in plain C++.
//
// Found in the place of the compiler's own header, it lets the kernels for CPUs that are not at
// hand run unchanged on any. Written from Intel's descriptions of the instructions; the AVX2 part
// is also what the real ones were compared with.
#pragma once

#include <cstdint>
#include <cstring>

template <class Tag, int kBytes>
struct Emulated {
    alignas(kBytes) uint8_t bytes[kBytes];

    template <class T>
    T get(int lane) const {
        T value;
        std::memcpy(&value, bytes + lane * sizeof(T), sizeof(T));
        return value;
    }
    template <class T>
    void set(int lane, T value) {
        std::memcpy(bytes + lane * sizeof(T), &value, sizeof(T));
    }
};

struct Integers;
struct Floats;
using __m128i = Emulated<Integers, 16>;
using __m256i = Emulated<Integers, 32>;
using __m512i = Emulated<Integers, 64>;
using __m256 = Emulated<Floats, 32>;
using __m512 = Emulated<Floats, 64>;
using __mmask16 = uint16_t;

constexpr int _CMP_GE_OQ = 0x1d;

namespace emulation {

template <class V>
V load(const void *from) {
    V value;
    std::memcpy(value.bytes, from, sizeof value.bytes);
    return value;
}

template <class V>
void store(void *to, const V &value) {
    std::memcpy(to, value.bytes, sizeof value.bytes);
}

template <class T, class V, class Operation>
V lane_by_lane(const V &a, const V &b, Operation operation) {
    V result;
    for (int i = 0; i < static_cast<int>(sizeof a.bytes / sizeof(T)); ++i)
        result.template set<T>(
            i, static_cast<T>(operation(a.template get<T>(i), b.template get<T>(i))));
    return result;
}

template <class T, class V>
V all(T value) {
    V result;
    for (int i = 0; i < static_cast<int>(sizeof result.bytes / sizeof(T)); ++i)
        result.template set<T>(i, value);
    return result;
}

template <class From, class To, class V, class W>
V converted(const W &from) {
    V result;
    for (int i = 0; i < static_cast<int>(sizeof result.bytes / sizeof(To)); ++i)
        result.template set<To>(i, static_cast<To>(from.template get<From>(i)));
    return result;
}

// PSHUFB: within each 16 bytes; an index with its highest bit set gives 0.
template <class V>
V shuffle_bytes(const V &table, const V &indices) {
    V result;
    for (int i = 0; i < static_cast<int>(sizeof table.bytes); ++i) {
        const uint8_t index = indices.bytes[i];
        result.bytes[i] = index & 0x80 ? 0 : table.bytes[i / 16 * 16 + (index & 15)];
    }
    return result;
}

inline __m256i unpack_16(const __m256i &a, const __m256i &b, int first) {
    __m256i result;
    for (int half = 0; half < 2; ++half)
        for (int i = 0; i < 4; ++i) {
            result.set<int16_t>(8 * half + 2 * i, a.get<int16_t>(8 * half + first + i));
            result.set<int16_t>(8 * half + 2 * i + 1, b.get<int16_t>(8 * half + first + i));
        }
    return result;
}

}  // namespace emulation

// 128 bits
inline __m128i _mm_loadu_si128(const __m128i *from) { return emulation::load<__m128i>(from); }
inline __m128i _mm_load_si128(const __m128i *from) { return emulation::load<__m128i>(from); }
inline void _mm_store_si128(__m128i *to, __m128i a) { emulation::store(to, a); }
inline __m128i _mm_add_epi16(__m128i a, __m128i b) {
    return emulation::lane_by_lane<uint16_t>(a, b, [](int x, int y) { return x + y; });
}

// 256 bits
inline __m256i _mm256_setzero_si256() { return emulation::all<uint8_t, __m256i>(0); }
inline __m256i _mm256_set1_epi16(int16_t a) { return emulation::all<int16_t, __m256i>(a); }
inline __m256i _mm256_load_si256(const __m256i *from) { return emulation::load<__m256i>(from); }
inline __m256i _mm256_loadu_si256(const __m256i *from) { return emulation::load<__m256i>(from); }
inline void _mm256_store_si256(__m256i *to, __m256i a) { emulation::store(to, a); }
inline void _mm256_storeu_si256(__m256i *to, __m256i a) { emulation::store(to, a); }
inline __m256i _mm256_add_epi8(__m256i a, __m256i b) {
    return emulation::lane_by_lane<uint8_t>(a, b, [](int x, int y) { return x + y; });
}
inline __m256i _mm256_add_epi16(__m256i a, __m256i b) {
    return emulation::lane_by_lane<uint16_t>(a, b, [](int x, int y) { return x + y; });
}
inline __m256i _mm256_sub_epi16(__m256i a, __m256i b) {
    return emulation::lane_by_lane<uint16_t>(a, b, [](int x, int y) { return x - y; });
}
inline __m256i _mm256_add_epi32(__m256i a, __m256i b) {
    return emulation::lane_by_lane<uint32_t>(a, b, [](uint32_t x, uint32_t y) { return x + y; });
}
inline __m256i _mm256_madd_epi16(__m256i a, __m256i b) {
    __m256i result;
    for (int i = 0; i < 8; ++i)
        result.set<int32_t>(i, a.get<int16_t>(2 * i) * b.get<int16_t>(2 * i) +
                                   a.get<int16_t>(2 * i + 1) * b.get<int16_t>(2 * i + 1));
    return result;
}
inline __m256i _mm256_shuffle_epi8(__m256i a, __m256i b) { return emulation::shuffle_bytes(a, b); }
inline __m256i _mm256_unpacklo_epi16(__m256i a, __m256i b) { return emulation::unpack_16(a, b, 0); }
inline __m256i _mm256_unpackhi_epi16(__m256i a, __m256i b) { return emulation::unpack_16(a, b, 4); }
inline __m256i _mm256_permute2x128_si256(__m256i a, __m256i b, int control) {
    __m256i result;
    for (int half = 0; half < 2; ++half) {
        const int chosen = control >> 4 * half & 3;
        std::memcpy(result.bytes + 16 * half, (chosen < 2 ? a : b).bytes + chosen % 2 * 16, 16);
    }
    return result;
}
inline __m128i _mm256_castsi256_si128(__m256i a) { return emulation::load<__m128i>(a.bytes); }
inline __m128i _mm256_extracti128_si256(__m256i a, int half) {
    return emulation::load<__m128i>(a.bytes + 16 * half);
}
inline __m256i _mm256_cvtepu8_epi16(__m128i a) {
    return emulation::converted<uint8_t, uint16_t, __m256i>(a);
}
inline __m256i _mm256_cvtepi16_epi32(__m128i a) {
    return emulation::converted<int16_t, int32_t, __m256i>(a);
}
inline __m256 _mm256_cvtepi32_ps(__m256i a) {
    return emulation::converted<int32_t, float, __m256>(a);
}
inline __m256 _mm256_loadu_ps(const float *from) { return emulation::load<__m256>(from); }
inline void _mm256_storeu_ps(float *to, __m256 a) { emulation::store(to, a); }
inline __m256 _mm256_set1_ps(float a) { return emulation::all<float, __m256>(a); }
inline __m256 _mm256_setzero_ps() { return emulation::all<float, __m256>(0); }
inline __m256 _mm256_mul_ps(__m256 a, __m256 b) {
    return emulation::lane_by_lane<float>(a, b, [](float x, float y) { return x * y; });
}
inline __m256 _mm256_add_ps(__m256 a, __m256 b) {
    return emulation::lane_by_lane<float>(a, b, [](float x, float y) { return x + y; });
}
inline __m256 _mm256_cmp_ps(__m256 a, __m256 b, int) {  // only _CMP_GE_OQ
    __m256 result;
    for (int i = 0; i < 8; ++i)
        result.set<uint32_t>(i, a.get<float>(i) >= b.get<float>(i) ? ~uint32_t{0} : 0);
    return result;
}
inline int _mm256_movemask_ps(__m256 a) {
    int mask = 0;
    for (int i = 0; i < 8; ++i) mask |= static_cast<int>(a.get<uint32_t>(i) >> 31) << i;
    return mask;
}

// 512 bits
inline __m512i _mm512_setzero_si512() { return emulation::all<uint8_t, __m512i>(0); }
inline __m512i _mm512_set1_epi64(long long a) { return emulation::all<long long, __m512i>(a); }
inline __m512i _mm512_load_si512(const void *from) { return emulation::load<__m512i>(from); }
inline void _mm512_store_si512(void *to, __m512i values) { emulation::store(to, values); }
inline __m512i _mm512_add_epi8(__m512i a, __m512i b) {
    return emulation::lane_by_lane<uint8_t>(a, b, [](int x, int y) { return x + y; });
}
inline __m512i _mm512_add_epi64(__m512i a, __m512i b) {
    return emulation::lane_by_lane<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x + y; });
}
inline __m512i _mm512_add_epi16(__m512i a, __m512i b) {
    return emulation::lane_by_lane<uint16_t>(a, b, [](int x, int y) { return x + y; });
}
inline __m512i _mm512_or_si512(__m512i a, __m512i b) {
    return emulation::lane_by_lane<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x | y; });
}
inline __m512i _mm512_slli_epi64(__m512i a, unsigned bits) {
    return emulation::lane_by_lane<uint64_t>(a, a, [bits](uint64_t x, uint64_t) { return x << bits; });
}
inline __m512i _mm512_xor_si512(__m512i a, __m512i b) {
    return emulation::lane_by_lane<uint64_t>(a, b, [](uint64_t x, uint64_t y) { return x ^ y; });
}
inline __m512i _mm512_popcnt_epi64(__m512i a) {
    return emulation::lane_by_lane<uint64_t>(a, a, [](uint64_t x, uint64_t) {
        uint64_t count = 0;
        for (; x; x &= x - 1) ++count;
        return count;
    });
}
inline __m512i _mm512_shuffle_epi8(__m512i a, __m512i b) { return emulation::shuffle_bytes(a, b); }
inline __m512i _mm512_broadcast_i64x4(__m256i a) {
    __m512i result;
    for (int half = 0; half < 2; ++half) std::memcpy(result.bytes + 32 * half, a.bytes, 32);
    return result;
}
inline __m256i _mm512_castsi512_si256(__m512i a) { return emulation::load<__m256i>(a.bytes); }
inline __m256i _mm512_extracti64x4_epi64(__m512i a, int half) {
    return emulation::load<__m256i>(a.bytes + 32 * half);
}
inline __m128i _mm512_cvtepi64_epi16(__m512i a) {
    return emulation::converted<uint64_t, uint16_t, __m128i>(a);
}
inline __m512i _mm512_cvtepi16_epi32(__m256i a) {
    return emulation::converted<int16_t, int32_t, __m512i>(a);
}
inline __m512 _mm512_cvtepi32_ps(__m512i a) {
    return emulation::converted<int32_t, float, __m512>(a);
}
inline __m512 _mm512_loadu_ps(const float *from) { return emulation::load<__m512>(from); }
inline void _mm512_storeu_ps(float *to, __m512 a) { emulation::store(to, a); }
inline __m512 _mm512_set1_ps(float a) { return emulation::all<float, __m512>(a); }
inline __m512 _mm512_setzero_ps() { return emulation::all<float, __m512>(0); }
inline __m512 _mm512_mul_ps(__m512 a, __m512 b) {
    return emulation::lane_by_lane<float>(a, b, [](float x, float y) { return x * y; });
}
inline __m512 _mm512_add_ps(__m512 a, __m512 b) {
    return emulation::lane_by_lane<float>(a, b, [](float x, float y) { return x + y; });
}
inline __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int) {  // only _CMP_GE_OQ
    uint32_t mask = 0;
    for (int i = 0; i < 16; ++i)
        mask |= static_cast<uint32_t>(a.get<float>(i) >= b.get<float>(i)) << i;
    return static_cast<__mmask16>(mask);
}
