#include "fiber.h"

#include <sys/mman.h>
#include <ucontext.h>

#include <memory>
#include <vector>

#include "base/error.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace kc::sim {

namespace {
// Requests, JSON and error texts need some 20 KiB, unoptimized builds several times that.
constexpr size_t kStackBytes = size_t{512} << 10;
constexpr size_t kGuardBytes = 4096;
}  // namespace

struct FiberImpl : Fiber {
  ucontext_t context{};
  ucontext_t caller{};
  std::function<void()> body;
  char* stack = nullptr;
  bool ended = true;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  const void* caller_bottom = nullptr;
  size_t caller_size = 0;
#endif
#if defined(__SANITIZE_THREAD__)
  void* tsan_fiber = nullptr;
  void* tsan_caller = nullptr;
#endif

  FiberImpl() {
    void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    KC_ASSERT(memory != MAP_FAILED);
    KC_ASSERT(mprotect(memory, kGuardBytes, PROT_NONE) == 0);  // the stack grows down to it
    stack = static_cast<char*>(memory);
#if defined(__SANITIZE_THREAD__)
    tsan_fiber = __tsan_create_fiber(0);
#endif
  }

  ~FiberImpl() {
    munmap(stack, kStackBytes);
#if defined(__SANITIZE_THREAD__)
    __tsan_destroy_fiber(tsan_fiber);
#endif
  }
  FiberImpl(const FiberImpl&) = delete;
  FiberImpl& operator=(const FiberImpl&) = delete;

  void Prepare();
  void Enter();
  void SwitchIn();
  void SwitchOut();
};

namespace {

thread_local FiberImpl* current = nullptr;
// Ended fibers, whose stacks the next ones use: as many as ever waited at once in this thread.
struct Pool {
  ~Pool() {
    for (FiberImpl* fiber : idle) delete fiber;
  }
  std::vector<FiberImpl*> idle;
};
thread_local Pool pool;

void Main(unsigned high, unsigned low) {
  const auto address = (static_cast<uintptr_t>(high) << 32) | static_cast<uintptr_t>(low);
  reinterpret_cast<FiberImpl*>(address)->Enter();
}

}  // namespace

void FiberImpl::Enter() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &caller_bottom, &caller_size);
#endif
  while (true) {
    body();
    body = nullptr;
    ended = true;
    SwitchOut();
  }
}

void FiberImpl::SwitchIn() {
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, stack, kStackBytes);
#endif
#if defined(__SANITIZE_THREAD__)
  tsan_caller = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_fiber, 0);
#endif
  swapcontext(&caller, &context);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void FiberImpl::SwitchOut() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fake_stack, caller_bottom, caller_size);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(tsan_caller, 0);
#endif
  swapcontext(&context, &caller);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, &caller_bottom, &caller_size);
#endif
}

// getcontext() returns once, but the compiler takes it for setjmp(): no locals that change.
void FiberImpl::Prepare() {
  getcontext(&context);
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = kStackBytes;
  context.uc_link = nullptr;
  const auto address = reinterpret_cast<uintptr_t>(this);
  makecontext(&context, reinterpret_cast<void (*)()>(Main), 2, static_cast<unsigned>(address >> 32),
              static_cast<unsigned>(address));
}

Fiber* Fiber::Start(std::function<void()> body) {
  FiberImpl* fiber = nullptr;
  if (pool.idle.empty()) {
    fiber = new FiberImpl();
    fiber->Prepare();
  } else {
    fiber = pool.idle.back();
    pool.idle.pop_back();
  }
  fiber->body = std::move(body);
  fiber->ended = false;
  return fiber;
}

bool Fiber::Resume() {
  auto* self = static_cast<FiberImpl*>(this);
  KC_ASSERT(current == nullptr && !self->ended);
  current = self;
  self->SwitchIn();
  current = nullptr;
  if (self->ended) pool.idle.push_back(self);
  return self->ended;
}

void Fiber::Suspend() {
  KC_ASSERT(current != nullptr);
  current->SwitchOut();
}

Fiber* Fiber::Current() {
  return current;
}

}  // namespace kc::sim
