// gzip and deflate in memory, by zlib. Pure, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace kc::http {

// level 1 … 9; answers are packed at 1, since the network is rarely the limit beside them.
std::string GzipCompress(std::string_view bytes, int level = 1);
// Takes gzip (several members, too) and zlib streams. kStop when they are damaged or give more than
// `max_bytes`.
Result<std::string> GzipDecompress(std::string_view bytes, size_t max_bytes);

// A gzip stream made piece by piece. Belongs to one thread.
class GzipStream {
 public:
  explicit GzipStream(int level = 1);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;
  // The packed bytes that are ready; may be empty. `last` ends the stream.
  std::string Write(std::string_view bytes, bool last);

 private:
  struct State;
  State* state_;
};

}  // namespace kc::http
