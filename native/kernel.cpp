#include "kernel.h"

namespace artem {

#if defined(__x86_64__) || defined(_M_X64)
extern const Kernel kAvx2, kAvx512Bw, kAvx512Vpopcntdq;
#elif defined(__aarch64__) || defined(_M_ARM64)
extern const Kernel kNeon;
#endif
extern const Kernel kPortable;

const Kernel *const kernels[] = {
#if defined(__x86_64__) || defined(_M_X64)
    &kAvx512Vpopcntdq, &kAvx512Bw, &kAvx2,
#elif defined(__aarch64__) || defined(_M_ARM64)
    &kNeon,
#endif
    &kPortable,        nullptr,
};

}  // namespace artem
