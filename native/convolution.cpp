#include "convolution.h"

#include <atomic>
#include <cstring>
#include <mutex>

#include "pool.h"

namespace artem {
namespace {

// Their counts, their input and a piece of the weights fit a first cache.
constexpr int64_t kTilePixels = 64;

int64_t mirrored(int64_t at, int64_t size) {
    if (at < 0) return -at;
    return at < size ? at : 2 * (size - 1) - at;
}

// One call to convolve: sizes, and the work that threads share.
class Convolution {
 public:
    Convolution(const artem_xnor_weights &weights, int64_t images, int64_t height, int64_t width,
                const uint64_t *packed, int16_t *dots, int64_t *sums,
                const artem_xnor_finishing *finishing)
        : w_(weights),
          images_(images),
          height_(height),
          width_(width),
          pad_y_(padding(weights.shape.kernel_height)),
          pad_x_(padding(weights.shape.kernel_width)),
          out_height_((height + 2 * pad_y_ - weights.shape.kernel_height) / weights.shape.stride +
                      1),
          out_width_((width + 2 * pad_x_ - weights.shape.kernel_width) / weights.shape.stride + 1),
          tile_width_(ceiling(out_width_, ceiling(out_width_, kTilePixels))),
          tile_height_(std::min(out_height_, std::max<int64_t>(1, kTilePixels / tile_width_))),
          across_(ceiling(out_width_, tile_width_)),
          tiles_(images * across_ * ceiling(out_height_, tile_height_)),
          pixel_bytes_(weights.pixel_steps * weights.kernel.step_bytes),
          pitch_(((tile_width_ - 1) * weights.shape.stride + weights.shape.kernel_width) *
                 pixel_bytes_),
          packed_(packed),
          dots_(dots),
          sums_(sums),
          finishing_(finishing) {}

    bool run(int32_t threads) {
        const size_t sums = 2 * static_cast<size_t>(images_ * channels());
        if (sums_) std::memset(sums_, 0, sizeof(int64_t) * sums);
        run_on(static_cast<int32_t>(std::min<int64_t>(threads, tiles_)), [this] { work(); });
        return !failed_;
    }

 private:
    // What one thread needs.
    struct Desk {
        Bytes steps, counts;
        std::vector<int32_t> offsets, sizes;
        std::vector<int16_t *> dots;
        std::vector<int16_t> passing_dots;  // of a tile, when nobody else wants them
        std::vector<int64_t> sums;          // 2, out
        int64_t image = -1;                 // that sums belong to
    };

    int64_t channels() const { return w_.shape.out_channels; }

    int64_t padding(int64_t kernel) const {  // geometry.py: Geometry.padding
        return std::max<int64_t>(0, kernel - w_.shape.stride + 1) / 2;
    }

    void work() noexcept try {
        const int64_t rows = (tile_height_ - 1) * w_.shape.stride + w_.shape.kernel_height;
        const size_t pixels = static_cast<size_t>(tile_width_ * tile_height_);
        Desk desk;
        desk.steps = room_for(static_cast<size_t>(rows * pitch_));
        desk.counts = room_for(pixels * static_cast<size_t>(w_.block) * sizeof(uint16_t));
        desk.offsets.resize(pixels);
        desk.sizes.resize(pixels);
        desk.dots.resize(pixels);
        if (!dots_) desk.passing_dots.resize(pixels * static_cast<size_t>(channels()));
        desk.sums.resize(static_cast<size_t>(2 * channels()));
        for (int64_t tile; !failed_ && (tile = next_++) < tiles_;) convolve(desk, tile);
        hand_in(desk);
    } catch (const std::bad_alloc &) {
        failed_ = true;
    }

    void convolve(Desk &desk, int64_t number) {
        const int64_t down = ceiling(out_height_, tile_height_);
        const int64_t image = number / (across_ * down);
        const int64_t y0 = number / across_ % down * tile_height_;
        const int64_t x0 = number % across_ * tile_width_;
        const int64_t rows = std::min(tile_height_, out_height_ - y0);
        const int64_t columns = std::min(tile_width_, out_width_ - x0);
        if (image != desk.image) {
            hand_in(desk);
            desk.image = image;
        }
        expand(desk, image, y0, x0, rows, columns);
        Tile tile = {desk.steps.get(),
                     desk.offsets.data(),
                     pitch_,
                     static_cast<int32_t>(rows * columns),
                     w_.stretches.data(),
                     static_cast<int32_t>(w_.stretches.size())};
        int64_t pixel = 0;
        for (int64_t y = 0; y < rows; ++y)
            for (int64_t x = 0; x < columns; ++x, ++pixel)
                desk.offsets[static_cast<size_t>(pixel)] =
                    static_cast<int32_t>(w_.shape.stride * (y * pitch_ + x * pixel_bytes_));
        auto *counts = reinterpret_cast<uint16_t *>(desk.counts.get());
        for (int64_t first = 0; first < channels(); first += w_.block) {
            const int64_t present = std::min(w_.block, channels() - first);
            w_.kernel.count({&tile, w_.block_at(first), w_.registers_at(first), counts});
            pixel = 0;
            for (int64_t y = y0; y < y0 + rows; ++y)
                for (int64_t x = x0; x < x0 + columns; ++x, ++pixel) {
                    const auto at = static_cast<size_t>(pixel);
                    int16_t *pixel_dots = dots_ ? dots_ + pixel_at(image, y, x) * channels()
                                                : desk.passing_dots.data() + pixel * channels();
                    desk.dots[at] = pixel_dots + first;
                    desk.sizes[at] =
                        without_outside(y, x, first, present, counts + pixel * w_.block);
                }
            const auto largest = static_cast<int32_t>(w_.taps() * w_.shape.channels);
            w_.kernel.tally({counts, desk.sizes.data(), desk.dots.data(), tile.pixels,
                             static_cast<int32_t>(present), largest,
                             sums_ ? desk.sums.data() + first : nullptr,
                             desk.sums.data() + channels() + first});
        }
        for (int64_t y = y0; finishing_ && y < y0 + rows; ++y) {
            const int16_t *dots = desk.dots[static_cast<size_t>((y - y0) * columns)];
            // Those pointers are at the last block of channels.
            dots -= (channels() - 1) / w_.block * w_.block;
            w_.kernel.finish(columns, channels(),
                             part_of(*finishing_, image, pixel_at(image, y, x0), channels(), dots));
        }
    }

    int64_t pixel_at(int64_t image, int64_t y, int64_t x) const {
        return (image * out_height_ + y) * out_width_ + x;
    }

    // The tile's input, with what lies beyond the border, as steps.
    void expand(Desk &desk, int64_t image, int64_t y0, int64_t x0, int64_t rows, int64_t columns) {
        const int64_t stride = w_.shape.stride, top = y0 * stride - pad_y_;
        const int64_t left = x0 * stride - pad_x_;
        const int64_t in_rows = (rows - 1) * stride + w_.shape.kernel_height;
        const int64_t in_columns = (columns - 1) * stride + w_.shape.kernel_width;
        const int64_t begin = std::max<int64_t>(left, 0), end = std::min(left + in_columns, width_);
        for (int64_t row = 0; row < in_rows; ++row) {
            uint8_t *to = desk.steps.get() + row * pitch_;
            int64_t y = top + row;
            if (y < 0 || y >= height_) {
                if (!w_.shape.reflect) {
                    std::memset(to, 0, static_cast<size_t>(in_columns * pixel_bytes_));
                    continue;
                }
                y = mirrored(y, height_);
            }
            const uint64_t *from = packed_ + (image * height_ + y) * width_ * w_.words;
            const auto pixels = [&](int64_t x, int64_t count, int64_t at) {
                w_.kernel.expand(from + x * w_.words, count, w_.shape.channels,
                                 to + (at - left) * pixel_bytes_);
            };
            pixels(begin, end - begin, begin);
            for (int64_t x = left; x < left + in_columns; ++x) {
                if (x == begin) x = end;
                if (x >= left + in_columns) break;
                if (w_.shape.reflect)
                    pixels(mirrored(x, width_), 1, x);
                else
                    std::memset(to + (x - left) * pixel_bytes_, 0,
                                static_cast<size_t>(pixel_bytes_));
            }
        }
    }

    // Taps beyond a border of zeros were counted as if all their input bits were 0; takes them
    // out of the counts and returns how many products are left.
    int32_t without_outside(int64_t y, int64_t x, int64_t first, int64_t present,
                            uint16_t *counts) const {
        const int64_t top = y * w_.shape.stride - pad_y_, left = x * w_.shape.stride - pad_x_;
        auto size = static_cast<int32_t>(w_.taps() * w_.shape.channels);
        if (w_.shape.reflect || (top >= 0 && left >= 0 && top + w_.shape.kernel_height <= height_ &&
                                 left + w_.shape.kernel_width <= width_))
            return size;
        for (int64_t tap = 0; tap < w_.taps(); ++tap) {
            const int64_t tap_y = top + tap / w_.shape.kernel_width;
            const int64_t tap_x = left + tap % w_.shape.kernel_width;
            if (tap_y >= 0 && tap_y < height_ && tap_x >= 0 && tap_x < width_) continue;
            size -= w_.shape.channels;
            const uint16_t *ones = w_.ones.data() + tap * channels() + first;
            for (int64_t i = 0; i < present; ++i)
                counts[i] = static_cast<uint16_t>(counts[i] - ones[i]);
        }
        return size;
    }

    void hand_in(Desk &desk) {
        if (desk.image < 0 || !sums_) return;
        const std::lock_guard<std::mutex> lock(handing_in_);
        int64_t *sums = sums_ + desk.image * 2 * channels();
        for (size_t i = 0; i < desk.sums.size(); ++i) sums[i] += desk.sums[i];
        std::fill(desk.sums.begin(), desk.sums.end(), 0);
    }

    const artem_xnor_weights &w_;
    const int64_t images_, height_, width_, pad_y_, pad_x_, out_height_, out_width_;
    const int64_t tile_width_, tile_height_, across_, tiles_, pixel_bytes_, pitch_;
    const uint64_t *packed_;
    int16_t *dots_;
    int64_t *sums_;
    const artem_xnor_finishing *finishing_;
    std::atomic<int64_t> next_{0};
    std::atomic<bool> failed_{false};
    std::mutex handing_in_;
};

}  // namespace

bool convolve(const artem_xnor_weights &weights, int64_t images, int64_t height, int64_t width,
              const uint64_t *packed, int16_t *dots, int64_t *sums,
              const artem_xnor_finishing *finishing, int32_t threads) {
    return Convolution(weights, images, height, width, packed, dots, sums, finishing).run(threads);
}

artem_xnor_finishing part_of(const artem_xnor_finishing &whole, int64_t image, int64_t pixel,
                             int64_t channels, const int16_t *dots) {
    const int64_t at = pixel * channels, of_image = image * channels;
    artem_xnor_finishing part = whole;
    part.dots = dots;
    part.gain += of_image;
    part.bias += of_image;
    if (part.pixel_scales) part.pixel_scales += pixel;
    if (part.residual) part.residual += at;
    if (part.out) part.out += at;
    if (part.words) {
        part.next_scale += of_image;
        part.next_shift += of_image;
        part.words += pixel * ceiling(channels, 64);
        if (part.magnitudes) part.magnitudes += pixel;
    }
    return part;
}

}  // namespace artem
