#include "fiber.h"

#include <sys/mman.h>

#include <memory>
#include <vector>

#include "base/error.h"

#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#if defined(__x86_64__)
// Saves the registers that a call must keep, changes the stack, restores them: swapcontext() does
// the same with two system calls for the signal mask, which cost more than all the rest here.
extern "C" void kc_sim_switch(void** save, void* load);
asm(R"(
.text
.globl kc_sim_switch
.type kc_sim_switch,@function
kc_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size kc_sim_switch,.-kc_sim_switch
)");
#endif

namespace kc::sim {

namespace {
// Requests, JSON and error texts need some 20 KiB, unoptimized builds several times that.
constexpr size_t kStackBytes = size_t{512} << 10;
constexpr size_t kGuardBytes = 4096;
[[maybe_unused]] constexpr size_t kFirstFrame = 64;  // six registers, the entry, a null caller
}  // namespace

struct FiberImpl : Fiber {
#if defined(__x86_64__)
  void* self = nullptr;
  void* caller = nullptr;
#else
  ucontext_t self{};
  ucontext_t caller{};
#endif
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

  FiberImpl();
  ~FiberImpl();
  FiberImpl(const FiberImpl&) = delete;
  FiberImpl& operator=(const FiberImpl&) = delete;

  void Prepare();
  [[noreturn]] void Enter();
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

void Main() {
  current->Enter();
}

}  // namespace

FiberImpl::FiberImpl() {
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  KC_ASSERT(memory != MAP_FAILED);
  KC_ASSERT(mprotect(memory, kGuardBytes, PROT_NONE) == 0);  // the stack grows down to it
  stack = static_cast<char*>(memory);
#if defined(__SANITIZE_THREAD__)
  tsan_fiber = __tsan_create_fiber(0);
#endif
  Prepare();
}

FiberImpl::~FiberImpl() {
  munmap(stack, kStackBytes);
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(tsan_fiber);
#endif
}

void FiberImpl::Prepare() {
#if defined(__x86_64__)
  char* const top = stack + kStackBytes;
  auto* frame = reinterpret_cast<uintptr_t*>(top - kFirstFrame);
  for (int i = 0; i < 8; ++i) frame[i] = 0;
  frame[6] = reinterpret_cast<uintptr_t>(&Main);
  self = frame;
#else
  getcontext(&self);
  self.uc_stack.ss_sp = stack;
  self.uc_stack.ss_size = kStackBytes;
  self.uc_link = nullptr;
  makecontext(&self, &Main, 0);
#endif
}

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
#if defined(__x86_64__)
  kc_sim_switch(&caller, self);
#else
  swapcontext(&caller, &self);
#endif
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
#if defined(__x86_64__)
  kc_sim_switch(&self, caller);
#else
  swapcontext(&self, &caller);
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, &caller_bottom, &caller_size);
#endif
}

Fiber* Fiber::Start(std::function<void()> body) {
  FiberImpl* fiber = nullptr;
  if (pool.idle.empty()) {
    fiber = new FiberImpl();
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
