// Errors as values. The code of an error is the retry decision, so that no caller has to guess it
// from a text or a status number.
#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace kc {

enum class ErrorCode {
  // Nothing took effect: the same call may succeed if it is made again later.
  kRetry,
  // The state that the call was based on is outdated: read again, decide again, then act.
  kRedo,
  // Will not succeed until somebody changes something: stop and tell.
  kStop,
  // The request may or may not have taken effect: look before doing anything else.
  kUnknownOutcome,
};

// A value type; not thread-safe, cheap to move.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kStop;
  // What happened, to which named thing, for a person to read. One line, no trailing full stop.
  std::string message;
  // A machine-readable name where there is one: Kusto's or the storage's error code
  // ("BadRequest_EntityNotFound", "LeaseIdMissing"), else empty.
  std::string reason;
  // HTTP status of the answer, 0 if there was none.
  int http_status = 0;
  // Seconds that the other side asked to wait (Retry-After), if it did.
  std::optional<double> retry_after_s;

  // Puts "context: " before the message.
  Error&& Within(const std::string& context) &&;
  Error Within(const std::string& context) const&;
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

inline tl::unexpected<Error> Fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}
tl::unexpected<Error> Fail(ErrorCode code, std::string message, std::string reason = {});
// The commonest one: kStop.
tl::unexpected<Error> Stop(std::string message, std::string reason = {});

// Ends the program with a message and SIGABRT; for states that the program's own logic excludes.
[[noreturn]] void AssertionFailed(const char* expression, const char* file, int line);

}  // namespace kc

// Assertions stay on in every build.
#define KC_ASSERT(expression) \
  ((expression) ? (void)0 : ::kc::AssertionFailed(#expression, __FILE__, __LINE__))

#define KC_CONCAT_INNER(a, b) a##b
#define KC_CONCAT(a, b) KC_CONCAT_INNER(a, b)

// Returns the error of a Result or Status from the function, else goes on.
#define KC_TRY(expression)                                           \
  do {                                                               \
    auto&& kc_status = (expression);                                 \
    if (!kc_status) return ::kc::Fail(std::move(kc_status).error()); \
  } while (false)

// KC_ASSIGN(auto x, F()): x is the value of F(), or the function returns F()'s error.
#define KC_ASSIGN(declaration, expression) \
  KC_ASSIGN_INNER(KC_CONCAT(kc_result_, __LINE__), declaration, expression)
#define KC_ASSIGN_INNER(result, declaration, expression)     \
  auto&& result = (expression);                              \
  if (!result) return ::kc::Fail(std::move(result).error()); \
  declaration = std::move(result).value()
