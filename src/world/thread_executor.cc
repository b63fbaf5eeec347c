#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "world/executor.h"

namespace kc::world {
namespace {

struct Job {
  std::function<void()> work;
  Executor::Completion done;
};

class ThreadExecutor : public Executor {
 public:
  ThreadExecutor(Clock& clock, int threads) : clock_(clock), max_threads_(threads) {}

  ~ThreadExecutor() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_worker_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void Submit(std::string, std::function<void()> work, Completion done) override {
    std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(done)});
    ++under_way_;
    if (idle_ >= static_cast<int>(jobs_.size())) {
      wake_worker_.notify_one();
    } else if (static_cast<int>(threads_.size()) < max_threads_) {
      threads_.emplace_back([this] { Work(); });
    }
  }

  uint64_t After(Duration delay, Completion done) override {
    const uint64_t id = ++next_timer_;
    timers_.emplace(std::pair(clock_.Monotonic() + delay, id), std::move(done));
    return id;
  }

  void Hurry(uint64_t timer) override {
    for (auto it = timers_.begin(); it != timers_.end(); ++it) {
      if (it->first.second != timer) continue;
      Completion done = std::move(it->second);
      timers_.erase(it);
      timers_.emplace(std::pair(Duration::zero(), timer), std::move(done));
      return;
    }
  }

  void Post(Completion done) override {
    std::lock_guard lock(mutex_);
    ++under_way_;
    done_.push_back(std::move(done));
    wake_loop_.notify_one();
  }

  bool RunOne() override {
    Completion next;
    {
      std::unique_lock lock(mutex_);
      while (true) {
        if (!done_.empty()) {
          next = std::move(done_.front());
          done_.pop_front();
          --under_way_;
          break;
        }
        if (timers_.empty()) {
          if (under_way_ == 0) return false;
          wake_loop_.wait(lock);
          continue;
        }
        const auto first = timers_.begin();
        const Duration now = clock_.Monotonic();
        if (first->first.first <= now) {
          next = std::move(first->second);
          timers_.erase(first);
          break;
        }
        wake_loop_.wait_for(lock, first->first.first - now);
      }
    }
    next();
    return true;
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      while (jobs_.empty() && !ending_) {
        ++idle_;
        wake_worker_.wait(lock);
        --idle_;
      }
      if (jobs_.empty()) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.work();
      job.work = nullptr;
      lock.lock();
      done_.push_back(std::move(job.done));
      wake_loop_.notify_one();
    }
  }

  Clock& clock_;
  const int max_threads_;
  // Loop's thread only; by time, then in the order they were asked for.
  std::map<std::pair<Duration, uint64_t>, Completion> timers_;
  uint64_t next_timer_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_worker_, wake_loop_;
  std::deque<Job> jobs_;
  std::deque<Completion> done_;
  std::vector<std::thread> threads_;
  int idle_ = 0;
  int under_way_ = 0;  // submitted, completion not yet run
  bool ending_ = false;
};

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor(Clock& clock, int threads) {
  return std::make_unique<ThreadExecutor>(clock, threads);
}

}  // namespace kc::world
