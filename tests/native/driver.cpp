// Every kernel against loops over single bits, on arrays that end exactly where they should.
//
// Built with sanitizers, for other CPUs, and with emulated instructions: see test_native.py.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "artem_xnor.h"

namespace {

uint64_t state = 88172645463325252;

uint64_t draw() {  // xorshift (Marsaglia)
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

int below(int limit) { return static_cast<int>(draw() % static_cast<uint64_t>(limit)); }

float draw_float() {
    const float value = static_cast<float>(static_cast<int64_t>(draw())) * 0x1p-62f;
    switch (below(20)) {
        case 0:
            return 0.0f;
        case 1:
            return -0.0f;
        case 2:
            return NAN;
        case 3:
            return below(2) ? INFINITY : -INFINITY;
        default:
            return value;
    }
}

std::vector<uint64_t> draw_words(size_t count) {
    std::vector<uint64_t> words(count);
    for (uint64_t &word : words) word = draw();
    return words;
}

std::vector<float> draw_floats(size_t count) {
    std::vector<float> values(count);
    for (float &value : values) value = draw_float();
    return values;
}

void check(bool holds, const char *kernel, const char *what) {
    if (holds) return;
    std::printf("%s: %s differ\n", kernel, what);
    std::exit(1);
}

template <class T>
bool same(const std::vector<T> &one, const std::vector<T> &other) {  // NaN is equal to NaN
    return one.size() == other.size() &&
           std::memcmp(one.data(), other.data(), one.size() * sizeof(T)) == 0;
}

bool bit(const uint64_t *words, int channel) { return words[channel / 64] >> channel % 64 & 1; }

void check_convolution(int kernel, const char *name) {
    static const int kernels[][3] = {{3, 3, 1}, {3, 3, 2}, {1, 1, 1},
                                     {1, 1, 2}, {4, 4, 2}, {2, 5, 1}};
    const int *shape = kernels[below(6)];
    const artem_xnor_geometry g = {
        1 + below(below(2) ? 80 : 700), 1 + below(150), shape[0], shape[1], shape[2], below(2)};
    const int pad_y = std::max(0, g.kernel_height - g.stride + 1) / 2;
    const int pad_x = std::max(0, g.kernel_width - g.stride + 1) / 2;
    const int images = 1 + below(2), height = 5 + below(5), width = 5 + below(below(2) ? 5 : 90);
    const int out_height = (height + 2 * pad_y - g.kernel_height) / g.stride + 1;
    const int out_width = (width + 2 * pad_x - g.kernel_width) / g.stride + 1;
    const int words = (g.channels + 63) / 64, out = g.out_channels;
    const auto packed = draw_words(static_cast<size_t>(images * height * width * words));
    const auto weights =
        draw_words(static_cast<size_t>(out * g.kernel_height * g.kernel_width * words));

    const size_t size = static_cast<size_t>(images * out_height * out_width * out);
    std::vector<int16_t> dots(size);
    std::vector<int64_t> sums(static_cast<size_t>(images * 2 * out), -1), expected(sums.size());
    artem_xnor_weights *arranged = artem_xnor_arrange(kernel, &g, weights.data());
    check(arranged, name, "weights");
    check(artem_xnor_convolve(arranged, images, height, width, packed.data(), dots.data(),
                              sums.data(), nullptr, 1 + below(3)) == 0,
          name, "returned statuses");
    // Finished tile by tile, with neither dots nor sums kept.
    const size_t of_images = static_cast<size_t>(images * out);
    const auto gain = draw_floats(of_images), bias = draw_floats(of_images);
    const std::vector<float> ones(of_images, 1), zeros(of_images, 0);
    std::vector<float> finished(size), finished_later(size);
    std::vector<uint64_t> signs(size / static_cast<size_t>(out) *
                                static_cast<size_t>((out + 63) / 64));
    auto later_signs = signs;
    artem_xnor_finishing finishing = {nullptr,      gain.data(),     bias.data(), nullptr,
                                      nullptr,      finished.data(), ones.data(), zeros.data(),
                                      signs.data(), nullptr};
    check(artem_xnor_convolve(arranged, images, height, width, packed.data(), nullptr, nullptr,
                              &finishing, 1 + below(3)) == 0,
          name, "returned statuses");
    finishing.dots = dots.data();
    finishing.out = finished_later.data();
    finishing.words = later_signs.data();
    check(artem_xnor_finish(kernel, images, out_height * out_width, out, &finishing, 1) == 0, name,
          "returned statuses");
    for (size_t i = 0; i < size; ++i)
        check(finished[i] == finished_later[i] ||
                  (std::isnan(finished[i]) && std::isnan(finished_later[i])),
              name, "results at once");
    check(same(signs, later_signs), name, "signs at once");
    artem_xnor_release(arranged);

    const auto dot_of = [&](int image, int y, int x, int o) {
        int dot = 0;
        for (int tap = 0; tap < g.kernel_height * g.kernel_width; ++tap) {
            int in_y = y * g.stride - pad_y + tap / g.kernel_width;
            int in_x = x * g.stride - pad_x + tap % g.kernel_width;
            if (g.reflect) {
                in_y = std::abs(in_y) < height ? std::abs(in_y) : 2 * (height - 1) - in_y;
                in_x = std::abs(in_x) < width ? std::abs(in_x) : 2 * (width - 1) - in_x;
            } else if (in_y < 0 || in_x < 0 || in_y >= height || in_x >= width) {
                continue;
            }
            const uint64_t *a =
                &packed[static_cast<size_t>(((image * height + in_y) * width + in_x) * words)];
            const uint64_t *b =
                &weights[static_cast<size_t>((o * g.kernel_height * g.kernel_width + tap) * words)];
            for (int c = 0; c < g.channels; ++c) dot += bit(a, c) == bit(b, c) ? 1 : -1;
        }
        return dot;
    };
    const int some = static_cast<int>(size) / 500 + 1;  // all would take minutes
    int next = below(some);
    for (int at = 0; at < static_cast<int>(size); ++at) {
        const int o = at % out, pixel = at / out, x = pixel % out_width;
        const int y = pixel / out_width % out_height, image = pixel / out_width / out_height;
        const int64_t dot = dots[static_cast<size_t>(at)];
        expected[static_cast<size_t>(image * 2 * out + o)] += dot;
        expected[static_cast<size_t>((image * 2 + 1) * out + o)] += dot * dot;
        if (at != next) continue;
        check(dot == dot_of(image, y, x, o), name, "dots");
        next += 1 + below(2 * some);
    }
    check(same(sums, expected), name, "sums");
}

void check_passes(int kernel, const char *name) {
    const int images = 1 + below(2), pixels = 1 + below(600), channels = 1 + below(200);
    const int word_count = (channels + 63) / 64;
    const size_t size = static_cast<size_t>(images * pixels * channels);
    const size_t per_channel = static_cast<size_t>(images * channels);
    const size_t per_pixel = static_cast<size_t>(images * pixels);
    std::vector<int16_t> dots(size);
    for (int16_t &dot : dots) dot = static_cast<int16_t>(draw());
    const auto gain = draw_floats(per_channel), bias = draw_floats(per_channel);
    const auto scale = draw_floats(per_channel), shift = draw_floats(per_channel);
    const auto residual = draw_floats(size), pixel_scales = draw_floats(per_pixel);

    std::vector<float> out(size), expected(size);
    std::vector<uint64_t> words(per_pixel * static_cast<size_t>(word_count)), again(words.size());
    std::vector<uint64_t> expected_words(words.size());
    for (size_t i = 0; i < size; ++i) {
        const size_t pixel = i / static_cast<size_t>(channels);
        const size_t channel = i % static_cast<size_t>(channels);
        const size_t c =
            pixel / static_cast<size_t>(pixels) * static_cast<size_t>(channels) + channel;
        volatile float value = static_cast<float>(dots[i]) * gain[c];  // rounded at each step
        value = value * pixel_scales[pixel];
        value = value + bias[c];
        value = value + residual[i];
        expected[i] = value;
        value = value * scale[c];
        value = value + shift[c];
        if (value >= 0)
            expected_words[pixel * static_cast<size_t>(word_count) + channel / 64] |=
                uint64_t{1} << channel % 64;
    }
    const artem_xnor_finishing finishing = {
        dots.data(), gain.data(),  bias.data(),  pixel_scales.data(), residual.data(),
        out.data(),  scale.data(), shift.data(), words.data(),        nullptr};
    check(artem_xnor_finish(kernel, images, pixels, channels, &finishing, 1 + below(3)) == 0, name,
          "returned statuses");
    for (size_t i = 0; i < size; ++i)
        check(out[i] == expected[i] || (std::isnan(out[i]) && std::isnan(expected[i])), name,
              "results");
    check(same(words, expected_words), name, "signs of results");
    std::vector<float> magnitudes(per_pixel);
    check(artem_xnor_sign_pack(kernel, images, pixels, channels, out.data(), scale.data(),
                               shift.data(), again.data(), magnitudes.data(), 1 + below(3)) == 0,
          name, "returned statuses");
    check(same(again, expected_words), name, "signs");
}

}  // namespace

int main(int, char **arguments) {
    const int rounds = arguments[1] ? std::atoi(arguments[1]) : 60;
    if (artem_xnor_interface() != ARTEM_XNOR_INTERFACE) return 2;
    for (int kernel = 0; const char *name = artem_xnor_name(kernel); ++kernel) {
#ifndef ARTEM_EMULATED  // then the instructions are functions, which every CPU has
        if (!artem_xnor_runs(kernel)) continue;
#endif
        for (int round = 0; round < rounds; ++round) {
            check_convolution(kernel, name);
            check_passes(kernel, name);
        }
        std::printf("%s\n", name);
    }
    return 0;
}
