#include "parallel.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/text.h"

namespace kc::sim {

std::vector<std::string> RunMany(int count, const std::function<std::string(int)>& run,
                                 size_t most) {
  std::atomic<int> next{0};
  std::mutex mutex;
  std::vector<std::string> failures;
  const auto work = [&] {
    for (int i = next++; i < count; i = next++) {
      std::string failure = run(i);
      if (failure.empty()) continue;
      std::lock_guard lock(mutex);
      failures.push_back(std::move(failure));
      if (failures.size() >= most) next = count;
    }
  };
  std::vector<std::thread> threads;
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < processors; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  return failures;
}

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : ParseInt64(text).value_or(otherwise);
}

}  // namespace kc::sim
