#include "cpu.h"

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif

namespace artem {
namespace {

struct Features {
    bool avx2 = false, avx512bw = false, avx512vpopcntdq = false;

    Features() {
        uint32_t leaf[4];  // eax, ebx, ecx, edx
        cpuid(leaf, 0);
        if (leaf[0] < 7) return;
        cpuid(leaf, 1);
        if (!(leaf[2] >> 27 & 1)) return;  // the system does not use XSAVE
        // The registers that the system keeps when it switches tasks: without that, none is ours.
        const uint64_t kept = enabled_states();
        cpuid(leaf, 7);
        const uint64_t ymm = 0x06, zmm = 0xe6;
        avx2 = (kept & ymm) == ymm && leaf[1] >> 5 & 1;
        avx512bw = avx2 && (kept & zmm) == zmm && leaf[1] >> 16 & 1 && leaf[1] >> 30 & 1;
        avx512vpopcntdq = avx512bw && leaf[2] >> 14 & 1;
    }

    static void cpuid(uint32_t *leaf, uint32_t number) {
#if defined(_MSC_VER)
        __cpuidex(reinterpret_cast<int *>(leaf), static_cast<int>(number), 0);
#else
        __cpuid_count(number, 0, leaf[0], leaf[1], leaf[2], leaf[3]);
#endif
    }

    static uint64_t enabled_states() {
#if defined(_MSC_VER)
        return _xgetbv(0);
#else
        uint32_t low, high;
        asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        return uint64_t{high} << 32 | low;
#endif
    }
};

const Features &features() {
    static const Features found;
    return found;
}

}  // namespace

bool cpu_has_avx2() { return features().avx2; }
bool cpu_has_avx512bw() { return features().avx512bw; }
bool cpu_has_avx512vpopcntdq() { return features().avx512vpopcntdq; }
bool cpu_has_neon() { return false; }

}  // namespace artem

#else

namespace artem {

bool cpu_has_avx2() { return false; }
bool cpu_has_avx512bw() { return false; }
bool cpu_has_avx512vpopcntdq() { return false; }
bool cpu_has_neon() { return true; }  // every 64-bit Arm has it; asked only where it was compiled

}  // namespace artem

#endif
