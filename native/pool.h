// Threads that stay, and wait.
#ifndef ARTEM_POOL_H
#define ARTEM_POOL_H

#include <cstdint>
#include <functional>

namespace artem {

// Calls `work` on the calling thread and on up to `threads - 1` others at once; returns when all
// are done. `work` takes its share from what is left, so it does not matter how many really come:
// when the others are busy for somebody else, the calling thread does it alone.
void run_on(int32_t threads, const std::function<void()> &work);

}  // namespace artem

#endif
