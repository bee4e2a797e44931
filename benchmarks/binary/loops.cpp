// What the benchmark compares with or measures against: loops as one writes them first, and how
// fast this core does the two instructions that the AVX2 kernel is made of, and nothing else.
#include <chrono>
#include <cstddef>
#ifdef __AVX2__
#include <immintrin.h>
#endif

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

// Products a nanosecond when twelve counters grow by table lookup, all in registers; 0 without
// AVX2.
extern "C" double lookup_limit() {
#ifdef __AVX2__
    constexpr long kRounds = 300000;
    double best = 0;
    for (int attempt = 0; attempt < 30; ++attempt) {
        const auto begun = std::chrono::steady_clock::now();
        for (long i = 0; i < kRounds; ++i)
#define LOOKUP(n) "vpshufb %%ymm0, %%ymm1, %%ymm2\n vpaddb %%ymm2, %%ymm" #n ", %%ymm" #n "\n"
            asm volatile(LOOKUP(4) LOOKUP(5) LOOKUP(6) LOOKUP(7) LOOKUP(8) LOOKUP(9) LOOKUP(10)
                             LOOKUP(11) LOOKUP(12) LOOKUP(13) LOOKUP(14) LOOKUP(15)::
                                 : "ymm2", "ymm4", "ymm5", "ymm6", "ymm7", "ymm8", "ymm9", "ymm10",
                                   "ymm11", "ymm12", "ymm13", "ymm14", "ymm15");
        const std::chrono::duration<double, std::nano> taken =
            std::chrono::steady_clock::now() - begun;
        const double rate = 12.0 * 128 * kRounds / taken.count();
        if (rate > best) best = rate;
    }
    return best;
#else
    return 0;
#endif
}
