#include "local/ingest/byte_source.h"

#include <zlib.h>

#include <cstring>
#include <utility>
#include <vector>

namespace kc::local {
namespace {

// Read from files and blobs at a time: large enough that the calls don't count.
constexpr int64_t kReadBytes = 4 << 20;
constexpr size_t kInflateInputBytes = 256 << 10;

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> Read(char* out, size_t capacity) override {
    size_t n = std::min(capacity, bytes_.size() - offset_);
    std::memcpy(out, bytes_.data() + offset_, n);
    offset_ += n;
    return n;
  }

 private:
  std::string bytes_;
  size_t offset_ = 0;
};

class PieceSource : public ByteSource {
 public:
  PieceSource(int64_t size, ReadPiece read) : size_(size), read_(std::move(read)) {}
  Result<size_t> Read(char* out, size_t capacity) override {
    if (used_ == window_.size()) {
      if (offset_ >= size_) return size_t{0};
      KC_ASSIGN(window_, read_(offset_));
      KC_ASSERT(!window_.empty());
      offset_ += static_cast<int64_t>(window_.size());
      used_ = 0;
    }
    const size_t n = std::min(capacity, window_.size() - used_);
    std::memcpy(out, window_.data() + used_, n);
    used_ += n;
    return n;
  }

 private:
  int64_t size_;
  ReadPiece read_;
  int64_t offset_ = 0;
  std::string window_;
  size_t used_ = 0;
};

// Gives back some bytes that were looked at, then the rest of a source.
class PrependedSource : public ByteSource {
 public:
  PrependedSource(std::string head, std::unique_ptr<ByteSource> rest)
      : head_(std::move(head)), rest_(std::move(rest)) {}
  Result<size_t> Read(char* out, size_t capacity) override {
    if (used_ == head_.size()) return rest_->Read(out, capacity);
    size_t n = std::min(capacity, head_.size() - used_);
    std::memcpy(out, head_.data() + used_, n);
    used_ += n;
    return n;
  }

 private:
  std::string head_;
  size_t used_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

class GunzipSource : public ByteSource {
 public:
  explicit GunzipSource(std::unique_ptr<ByteSource> packed)
      : packed_(std::move(packed)), input_(kInflateInputBytes) {
    KC_ASSERT(inflateInit2(&stream_, 15 + 16) == Z_OK);
  }
  ~GunzipSource() override { inflateEnd(&stream_); }

  Result<size_t> Read(char* out, size_t capacity) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(capacity, 1U << 30));
    uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      KC_ASSIGN(bool more, HaveInput());
      if (!more) {
        if (in_member_) return Damaged("ends in the middle");
        return size_t{0};
      }
      in_member_ = true;
      int rc = inflate(&stream_, Z_NO_FLUSH);
      if (rc == Z_STREAM_END) {
        in_member_ = false;
        inflateReset(&stream_);
      } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return Damaged(stream_.msg != nullptr ? stream_.msg : "cannot be unpacked");
      }
    }
    return size_t{wanted - stream_.avail_out};
  }

 private:
  static tl::unexpected<Error> Damaged(const std::string& why) {
    return Stop("The gzip stream " + why, "BadRequest_InvalidBlob");
  }
  // False at the end of the packed bytes.
  Result<bool> HaveInput() {
    if (stream_.avail_in > 0) return true;
    KC_ASSIGN(size_t n, packed_->Read(input_.data(), input_.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(n);
    return n > 0;
  }

  std::unique_ptr<ByteSource> packed_;
  std::vector<char> input_;
  z_stream stream_{};
  bool in_member_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> MemoryBytes(std::string bytes) {
  return std::make_unique<MemorySource>(std::move(bytes));
}

std::unique_ptr<ByteSource> PieceBytes(int64_t size, ReadPiece read) {
  return std::make_unique<PieceSource>(size, std::move(read));
}

Result<std::unique_ptr<ByteSource>> FileBytes(world::Files& files, const std::string& path) {
  auto info = files.Stat(path);
  if (!info || info->is_folder) {
    return Stop("The source '" + path + "' was not found", "Download_SourceNotFound");
  }
  return PieceBytes(info->size, [&files, path](int64_t offset) -> Result<std::string> {
    KC_ASSIGN(std::string piece, files.ReadRange(path, offset, kReadBytes));
    if (piece.empty()) return Stop(path + ": the file became shorter while it was read");
    return piece;
  });
}

Result<std::unique_ptr<ByteSource>> Unpacked(std::unique_ptr<ByteSource> source) {
  std::string head(2, '\0');
  size_t have = 0;
  while (have < head.size()) {
    KC_ASSIGN(size_t n, source->Read(head.data() + have, head.size() - have));
    if (n == 0) break;
    have += n;
  }
  head.resize(have);
  bool gzip = head == "\x1f\x8b";
  bool zip = head == "PK";
  std::unique_ptr<ByteSource> whole =
      std::make_unique<PrependedSource>(std::move(head), std::move(source));
  if (zip) {
    std::string four(4, '\0');
    size_t got = 0;
    while (got < four.size()) {
      KC_ASSIGN(size_t n, whole->Read(four.data() + got, four.size() - got));
      if (n == 0) break;
      got += n;
    }
    four.resize(got);
    if (four == "PK\x03\x04") {
      return Stop("Zip archives are not supported; use gzip", "BadRequest_FormatNotSupported");
    }
    whole = std::make_unique<PrependedSource>(std::move(four), std::move(whole));
  }
  if (gzip) whole = std::make_unique<GunzipSource>(std::move(whole));
  return whole;
}

}  // namespace kc::local
