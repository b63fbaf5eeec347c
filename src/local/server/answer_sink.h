// Collects an answer's text. Short answers go out in one piece, with their length; long ones are
// streamed once a buffer is full. One thread at a time.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "http/server.h"

namespace kc::local {

class AnswerSink {
 public:
  // `mutex` is held while the writer is used; may be null.
  explicit AnswerSink(http::ResponseWriter& writer, std::mutex* mutex = nullptr)
      : writer_(writer), mutex_(mutex) {}
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
  std::unique_lock<std::mutex> Hold() {
    return mutex_ == nullptr ? std::unique_lock<std::mutex>()
                             : std::unique_lock<std::mutex>(*mutex_);
  }

  http::ResponseWriter& writer_;
  std::mutex* mutex_;
  std::string text_;
  bool begun_ = false;
  bool alive_ = true;
};

inline constexpr std::string_view kJsonType = "application/json; charset=UTF-8";

}  // namespace kc::local
