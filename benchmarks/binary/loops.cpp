// What the benchmark compares with or measures against: loops as one writes them first, and how
// fast this core does the instructions that a kernel is made of, and nothing else.
#include <chrono>
#include <cstddef>

extern "C" void naive_convolution(const float *input, const float *weights, float *output,
                                  int height, int width, int channels, int out) {
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int o = 0; o < out; ++o) {
                float sum = 0;
                for (int ky = 0; ky < 3; ++ky)
                    for (int kx = 0; kx < 3; ++kx) {
                        const int in_y = y + ky - 1, in_x = x + kx - 1;
                        if (in_y < 0 || in_x < 0 || in_y >= height || in_x >= width) continue;
                        for (int c = 0; c < channels; ++c)
                            sum +=
                                input[(static_cast<size_t>(in_y) * width + in_x) * channels + c] *
                                weights[((static_cast<size_t>(o) * 3 + ky) * 3 + kx) * channels +
                                        c];
                    }
                output[(static_cast<size_t>(y) * width + x) * out + o] = sum;
            }
}

extern "C" void naive_product(const float *a, const float *b, float *c, int size) {
    for (int i = 0; i < size; ++i)
        for (int j = 0; j < size; ++j) {
            float sum = 0;
            for (int k = 0; k < size; ++k)
                sum += a[static_cast<size_t>(i) * size + k] * b[static_cast<size_t>(k) * size + j];
            c[static_cast<size_t>(i) * size + j] = sum;
        }
}

// Products a nanosecond when twelve counters grow by a kernel's own instructions, all in registers
// and nothing read: table lookup for the first two, the CPU's count of bits for the third. Only to
// be called where the CPU has the instructions.
#if defined(__x86_64__)
#define TWELVE(step) \
    step(4) step(5) step(6) step(7) step(8) step(9) step(10) step(11) step(12) step(13) step(14) \
        step(15)
#define CLOBBERED \
    "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
        "xmm13", "xmm14", "xmm15"
#define LOOKUP_256(n) "vpshufb %%ymm0, %%ymm1, %%ymm2\n vpaddb %%ymm2, %%ymm" #n ", %%ymm" #n "\n"
#define LOOKUP_512(n) "vpshufb %%zmm0, %%zmm1, %%zmm2\n vpaddb %%zmm2, %%zmm" #n ", %%zmm" #n "\n"
#define COUNT_512(n) \
    "vpxorq %%zmm0, %%zmm1, %%zmm2\n vpopcntq %%zmm2, %%zmm3\n vpaddq %%zmm3, %%zmm" #n ", %%zmm" #n \
    "\n"

#define LIMIT(name, step, products)                                   \
    extern "C" double name() {                                        \
        constexpr long kRounds = 300000;                              \
        double best = 0;                                              \
        for (int attempt = 0; attempt < 30; ++attempt) {              \
            const auto begun = std::chrono::steady_clock::now();      \
            for (long i = 0; i < kRounds; ++i)                        \
                asm volatile(TWELVE(step)::: CLOBBERED);              \
            const std::chrono::duration<double, std::nano> taken =    \
                std::chrono::steady_clock::now() - begun;             \
            const double rate = 12.0 * products * kRounds / taken.count(); \
            if (rate > best) best = rate;                             \
        }                                                             \
        return best;                                                  \
    }

LIMIT(limit_avx2, LOOKUP_256, 128)
LIMIT(limit_avx512bw, LOOKUP_512, 256)
LIMIT(limit_avx512vpopcntdq, COUNT_512, 512)
#endif
