#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace kc {

Error&& Error::Within(const std::string& context) && {
  message.insert(0, context + ": ");
  return std::move(*this);
}

Error Error::Within(const std::string& context) const& {
  Error copy = *this;
  return std::move(copy).Within(context);
}

tl::unexpected<Error> Fail(ErrorCode code, std::string message, std::string reason) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  error.reason = std::move(reason);
  return Fail(std::move(error));
}

tl::unexpected<Error> Stop(std::string message, std::string reason) {
  return Fail(ErrorCode::kStop, std::move(message), std::move(reason));
}

void AssertionFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace kc
