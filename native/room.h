// Memory as the widest registers like it, and a division.
#ifndef ARTEM_ROOM_H
#define ARTEM_ROOM_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace artem {

struct Freed {
    void operator()(uint8_t *memory) const { ::operator delete[](memory, std::align_val_t{64}); }
};
using Bytes = std::unique_ptr<uint8_t[], Freed>;

inline Bytes room_for(size_t bytes) {
    return Bytes(static_cast<uint8_t *>(::operator new[](bytes + 64, std::align_val_t{64})));
}

inline int64_t ceiling(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

}  // namespace artem

#endif
