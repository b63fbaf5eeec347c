// The window over a text that the readers of records look through. One thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/error.h"
#include "local/ingest/byte_source.h"

namespace kc::local {

// A record, hence a field, may not be larger: Kusto's limit.
inline constexpr size_t kMaxRecordBytes = size_t{64} << 20;

class TextBuffer {
 public:
  // A UTF-8 byte order mark at the front is skipped.
  explicit TextBuffer(std::unique_ptr<ByteSource> source);

  // The bytes at hand, from the first that was not consumed. Valid until More().
  const char* begin() const { return data_.data() + start_; }
  const char* end() const { return data_.data() + end_; }
  bool at_end() const { return eof_; }
  void Consume(const char* to) { start_ = static_cast<size_t>(to - data_.data()); }
  // Reads more behind the bytes at hand; pointers into them become invalid. False at the end of the
  // text. kStop, reason "Stream_InputStreamTooLarge", when the bytes at hand exceed a record's
  // limit.
  Result<bool> More();

 private:
  std::unique_ptr<ByteSource> source_;
  std::vector<char> data_;
  size_t start_ = 0;
  size_t end_ = 0;
  bool eof_ = false;
  bool begun_ = false;
};

}  // namespace kc::local
