#include "http/gzip.h"

#include <zlib.h>

namespace kc::http {
namespace {

constexpr int kGzipWindow = 15 + 16;        // zlib's way of saying "gzip"
constexpr int kGzipOrZlibWindow = 15 + 32;  // found out by the header
constexpr size_t kPiece = 64 * 1024;

Bytef* In(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

struct GzipStream::State {
  z_stream stream{};
};

GzipStream::GzipStream(int level) : state_(new State) {
  int rc = deflateInit2(&state_->stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  KC_ASSERT(rc == Z_OK);
}

GzipStream::~GzipStream() {
  deflateEnd(&state_->stream);
  delete state_;
}

std::string GzipStream::Write(std::string_view bytes, bool last) {
  z_stream& stream = state_->stream;
  std::string out;
  // avail_in has 32 bits: larger inputs go in slices.
  do {
    std::string_view slice = bytes.substr(0, size_t{1} << 30);
    bytes.remove_prefix(slice.size());
    stream.next_in = In(slice);
    stream.avail_in = static_cast<uInt>(slice.size());
    bool end = last && bytes.empty();
    char piece[kPiece];
    do {
      stream.next_out = reinterpret_cast<Bytef*>(piece);
      stream.avail_out = kPiece;
      deflate(&stream, end ? Z_FINISH : Z_NO_FLUSH);
      out.append(piece, kPiece - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!bytes.empty());
  return out;
}

std::string GzipCompress(std::string_view bytes, int level) {
  GzipStream stream(level);
  return stream.Write(bytes, true);
}

Result<std::string> GzipDecompress(std::string_view bytes, size_t max_bytes) {
  z_stream stream{};
  int rc = inflateInit2(&stream, kGzipOrZlibWindow);
  KC_ASSERT(rc == Z_OK);
  std::string out;
  Status status;
  bool ended = false;
  while (status && !(ended && bytes.empty())) {
    if (ended) {
      inflateReset(&stream);  // the next member
      ended = false;
    }
    std::string_view slice = bytes.substr(0, size_t{1} << 30);
    stream.next_in = In(slice);
    stream.avail_in = static_cast<uInt>(slice.size());
    char piece[kPiece];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = kPiece;
    rc = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, kPiece - stream.avail_out);
    bytes.remove_prefix(slice.size() - stream.avail_in);
    ended = rc == Z_STREAM_END;
    if (out.size() > max_bytes) {
      status = Stop("the unpacked data is larger than " + std::to_string(max_bytes) + " bytes");
    } else if (rc != Z_OK && !ended) {
      status = Stop("the gzip data is damaged or cut off");
    }
  }
  inflateEnd(&stream);
  if (!status) return Fail(status.error());
  return out;
}

}  // namespace kc::http
