#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#ifndef _WIN32
#include <pthread.h>
#endif

namespace artem {
namespace {

class Pool {
 public:
    // False when somebody else is being worked for.
    bool run(int32_t helpers, const std::function<void()> &work) {
        const std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
        if (!turn.owns_lock()) return false;
        hire(helpers);
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            work_ = &work;
            wanted_ = helpers < hired_ ? helpers : hired_;
            working_ = 0;
        }
        called_.notify_all();
        work();
        std::unique_lock<std::mutex> lock(mutex_);
        wanted_ = 0;  // who has not come by now need not
        done_.wait(lock, [this] { return working_ == 0; });
        return true;
    }

 private:
    void hire(int32_t helpers) {
        for (; hired_ < helpers; ++hired_) try {
                std::thread(&Pool::help, this).detach();
            } catch (const std::system_error &) {
                return;  // fewer will do
            }
    }

    void help() {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            called_.wait(lock, [this] { return wanted_ > 0; });
            --wanted_;
            ++working_;
            const std::function<void()> &work = *work_;
            lock.unlock();
            work();
            lock.lock();
            if (--working_ == 0) done_.notify_one();
        }
    }

    std::mutex turn_, mutex_;
    std::condition_variable called_, done_;
    const std::function<void()> *work_ = nullptr;
    int32_t hired_ = 0, wanted_ = 0, working_ = 0;
};

// Never deleted: its threads wait until the process ends.
std::atomic<Pool *> the_pool{nullptr};

Pool *pool() {
    Pool *present = the_pool.load();
    if (present) return present;
    auto *fresh = new Pool;
    if (the_pool.compare_exchange_strong(present, fresh)) {
#ifndef _WIN32
        // A forked process has none of its parent's threads; it starts anew.
        static const int watching =
            pthread_atfork(nullptr, nullptr, [] { the_pool.store(nullptr); });
        static_cast<void>(watching);
#endif
        return fresh;
    }
    delete fresh;
    return present;
}

}  // namespace

void run_on(int32_t threads, const std::function<void()> &work) {
    if (threads <= 1 || !pool()->run(threads - 1, work)) work();
}

}  // namespace artem
