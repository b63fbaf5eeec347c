// Collects an answer's text. Short answers go out in one piece, with their length; long ones are
// streamed once a buffer is full. One thread at a time.
#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace kc::local {

class AnswerSink {
 public:
  explicit AnswerSink(http::ResponseWriter& writer) : writer_(writer) {}
  AnswerSink(const AnswerSink&) = delete;
  AnswerSink& operator=(const AnswerSink&) = delete;

  // To be appended to; call Poll() from time to time.
  std::string& text() { return text_; }
  // Sends what has gathered if it is enough; false when the client is gone.
  bool Poll();
  // Sends the rest. Once, at the end.
  void Finish();
  bool alive() const { return alive_; }

 private:
  http::ResponseWriter& writer_;
  std::string text_;
  bool begun_ = false;
  bool alive_ = true;
};

inline constexpr std::string_view kJsonType = "application/json; charset=UTF-8";

}  // namespace kc::local
