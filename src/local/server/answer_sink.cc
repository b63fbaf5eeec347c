#include "local/server/answer_sink.h"

namespace kc::local {
namespace {
// Bytes that are gathered before they are sent: large enough that chunks cost nothing.
constexpr size_t kFlushBytes = 256 * 1024;
}  // namespace

bool AnswerSink::Poll() {
  if (!alive_) {
    text_.clear();
    return false;
  }
  if (text_.size() < kFlushBytes) return true;
  const auto held = Hold();
  if (!begun_) {
    begun_ = true;
    writer_.Begin(200, kJsonType);
  }
  alive_ = writer_.Write(text_);
  text_.clear();
  return alive_;
}

void AnswerSink::Finish() {
  const auto held = Hold();
  if (!begun_) {
    writer_.Send(200, kJsonType, text_);
  } else if (alive_) {
    alive_ = writer_.Write(text_);
  }
  text_.clear();
}

}  // namespace kc::local
