// The log of both programs: lines on standard error, "2026-11-22T06:30:00.123Z info text". Safe
// from any thread. Levels: debug (-v), info, warn, error. Never log a secret: see Redact.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace kc {

enum class LogLevel { kDebug, kInfo, kWarn, kError, kOff };
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view text);

// Removes what follows "sig=", "AccountKey=", "AppKey=", "Password=", "token=", a storage key after
// ';' and obfuscated literals (h"…") from a text, so that it may be shown.
std::string Redact(std::string_view text);

template <typename... Args>
void LogDebug(fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(LogLevel::kDebug)) {
    LogLine(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
  }
}
template <typename... Args>
void LogInfo(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogWarn(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogError(fmt::format_string<Args...> format, Args&&... args) {
  LogLine(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace kc
