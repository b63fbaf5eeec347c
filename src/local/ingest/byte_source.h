// Where the bytes of an ingestion come from, read front to back and only once. One thread at a
// time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "world/files.h"

namespace kc::local {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `capacity` (> 0) bytes to `out`; 0 only at the end. After an error nothing more is read.
  virtual Result<size_t> Read(char* out, size_t capacity) = 0;
};

// Owns the text.
std::unique_ptr<ByteSource> MemoryBytes(std::string bytes);
// `files` must outlive it. kStop, reason "Download_SourceNotFound", if the file isn't there.
Result<std::unique_ptr<ByteSource>> FileBytes(world::Files& files, const std::string& path);
// `size` bytes that come piece by piece: `read` gives those from an offset on, one at least.
using ReadPiece = std::function<Result<std::string>(int64_t offset)>;
std::unique_ptr<ByteSource> PieceBytes(int64_t size, ReadPiece read);
// The bytes of `source`, unpacked if they begin as gzip does (several members may follow each
// other); the name doesn't matter. A damaged or truncated stream is kStop, reason
// "BadRequest_InvalidBlob".
Result<std::unique_ptr<ByteSource>> Unpacked(std::unique_ptr<ByteSource> source);

}  // namespace kc::local
