#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cctype>

#include "base/text.h"

namespace kc {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

spdlog::logger& Logger() {
  // Never destroyed: threads may log until the very end.
  static spdlog::logger& logger = *[] {
    auto* made = new spdlog::logger("kc", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return logger;
}

// Blanks out the run of non-delimiters after each occurrence of `key`, compared without case.
std::string RedactAfter(std::string text, std::string_view key, std::string_view ends) {
  std::string lower = ToLowerAscii(text);
  for (size_t at = 0; (at = lower.find(key, at)) != std::string::npos;) {
    size_t begin = at + key.size();
    size_t end = text.find_first_of(ends, begin);
    if (end == std::string::npos) end = text.size();
    text.replace(begin, end - begin, "***");
    lower.replace(begin, end - begin, "***");
    at = begin + 3;
  }
  return text;
}

}  // namespace

void SetLogLevel(LogLevel level) {
  Logger().set_level(ToSpdlog(level));
}

bool LogEnabled(LogLevel level) {
  return Logger().should_log(ToSpdlog(level));
}

void LogLine(LogLevel level, std::string_view text) {
  Logger().log(ToSpdlog(level), fmt::string_view(text.data(), text.size()));
}

std::string Redact(std::string_view text) {
  std::string out(text);
  constexpr std::string_view kEnds = "&;\"' \n,)";
  for (std::string_view key : {"sig=", "accountkey=", "appkey=", "application key=", "password=",
                               "pwd=", "token=", "sharedkey=", "bearer "}) {
    out = RedactAfter(std::move(out), key, kEnds);
  }
  // A bare storage key after ';': 88 characters of base64.
  for (size_t at = 0; (at = out.find(';', at)) != std::string::npos; ++at) {
    size_t end = at + 1;
    while (end < out.size() && (std::isalnum(static_cast<unsigned char>(out[end])) ||
                                out[end] == '+' || out[end] == '/' || out[end] == '=')) {
      ++end;
    }
    if (end - at - 1 >= 40) out.replace(at + 1, end - at - 1, "***");
  }
  for (std::string_view key : {"h\"", "h'", "h@\"", "h@'"}) {
    for (size_t at = 0; (at = out.find(key, at)) != std::string::npos;) {
      size_t begin = at + key.size();
      bool word = at > 0 && std::isalnum(static_cast<unsigned char>(out[at - 1]));
      size_t end = out.find(key.back(), begin);
      if (end == std::string::npos) end = out.size();
      if (!word) out.replace(begin, end - begin, "***");
      at = word ? begin : begin + 4;
    }
  }
  return out;
}

}  // namespace kc
