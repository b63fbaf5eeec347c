#include "local/ingest/text_buffer.h"

#include <cstring>
#include <string_view>
#include <utility>

namespace kc::local {
namespace {

constexpr size_t kWindowBytes = size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

TextBuffer::TextBuffer(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

Result<bool> TextBuffer::More() {
  if (eof_) return false;
  size_t held = end_ - start_;
  if (held > kMaxRecordBytes) {
    return Stop("A record exceeds the limit of 64 MB", "Stream_InputStreamTooLarge");
  }
  if (start_ > 0) {
    std::memmove(data_.data(), data_.data() + start_, held);
    start_ = 0;
    end_ = held;
  }
  size_t wanted = std::max(kWindowBytes, held * 2);
  if (data_.size() < wanted) data_.resize(wanted);
  do {
    KC_ASSIGN(size_t n, source_->Read(data_.data() + end_, data_.size() - end_));
    if (n == 0) eof_ = true;
    end_ += n;
  } while (!eof_ && !begun_ && end_ < kByteOrderMark.size());
  if (!begun_) {
    begun_ = true;
    if (std::string_view(data_.data(), end_).starts_with(kByteOrderMark)) start_ = 3;
  }
  return end_ - start_ > held;
}

}  // namespace kc::local
