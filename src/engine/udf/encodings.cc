// Punycode (RFC 3492), command lines, packed texts.
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"
#include "engine/udf/utf8.h"

namespace kc::engine::udf {
namespace {

// The parameters of RFC 3492.
constexpr uint64_t kBase = 36, kLeast = 1, kMost = 26, kSkew = 38, kDamp = 700, kBias = 72;
constexpr uint64_t kFirst = 128;
constexpr char32_t kLastCodePoint = 0x10FFFF;
// The coding takes time that grows with the square of the length.
constexpr size_t kMaxPunycode = 10'000;

uint64_t Adapt(uint64_t delta, uint64_t points, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  uint64_t k = 0;
  while (delta > (kBase - kLeast) * kMost / 2) {
    delta /= kBase - kLeast;
    k += kBase;
  }
  return k + (kBase - kLeast + 1) * delta / (delta + kSkew);
}

uint64_t Threshold(uint64_t k, uint64_t bias) {
  return k <= bias ? kLeast : k >= bias + kMost ? kMost : k - bias;
}

char Digit(uint64_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

std::u32string CodePointsOf(std::string_view text) {
  std::u32string points;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = DecodeUtf8(text, at);
    points.push_back(c.value);
    at += c.length;
  }
  return points;
}

// False: too long to be encoded.
bool EncodePunycode(std::string_view text, std::string& out) {
  const std::u32string points = CodePointsOf(text);
  if (points.size() > kMaxPunycode) return false;
  uint64_t handled = 0;
  for (const char32_t c : points) {
    if (c >= kFirst) continue;
    out.push_back(static_cast<char>(c));
    ++handled;
  }
  const uint64_t basic = handled;
  if (basic > 0) out.push_back('-');
  uint64_t n = kFirst, delta = 0, bias = kBias;
  while (handled < points.size()) {
    char32_t next = kLastCodePoint;
    for (const char32_t c : points) {
      if (c >= n) next = std::min(next, c);
    }
    delta += (next - n) * (handled + 1);
    n = next;
    for (const char32_t c : points) {
      if (c < n) ++delta;
      if (c != n) continue;
      uint64_t q = delta;
      for (uint64_t k = kBase;; k += kBase) {
        const uint64_t t = Threshold(k, bias);
        if (q < t) break;
        out.push_back(Digit(t + (q - t) % (kBase - t)));
        q = (q - t) / (kBase - t);
      }
      out.push_back(Digit(q));
      bias = Adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
    ++delta;
    ++n;
  }
  return true;
}

std::optional<uint64_t> DigitValue(char c) {
  if (c >= 'a' && c <= 'z') return c - 'a';
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= '0' && c <= '9') return c - '0' + 26;
  return std::nullopt;
}

// False: it is no punycode.
bool DecodePunycode(std::string_view text, std::string& out) {
  if (text.size() > kMaxPunycode || !IsAscii(text)) return false;
  std::u32string points;
  const size_t dash = text.rfind('-');
  if (dash != std::string_view::npos) {
    for (const char c : text.substr(0, dash)) points.push_back(static_cast<unsigned char>(c));
    text.remove_prefix(dash + 1);
  }
  uint64_t n = kFirst, i = 0, bias = kBias;
  for (size_t at = 0; at < text.size();) {
    const uint64_t before = i;
    uint64_t weight = 1;
    for (uint64_t k = kBase;; k += kBase) {
      if (at == text.size()) return false;
      const auto digit = DigitValue(text[at++]);
      if (!digit) return false;
      if (*digit > (std::numeric_limits<uint32_t>::max() - i) / weight) return false;
      i += *digit * weight;
      const uint64_t t = Threshold(k, bias);
      if (*digit < t) break;
      if (weight > std::numeric_limits<uint32_t>::max() / (kBase - t)) return false;
      weight *= kBase - t;
    }
    bias = Adapt(i - before, points.size() + 1, before == 0);
    n += i / (points.size() + 1);
    i %= points.size() + 1;
    if (n > kLastCodePoint || (n >= 0xD800 && n < 0xE000)) return false;
    points.insert(points.begin() + static_cast<std::ptrdiff_t>(i), static_cast<char32_t>(n));
    ++i;
  }
  for (const char32_t c : points) AppendUtf8(out, c);
  return true;
}

// Each label of a domain that isn't ASCII as xn--…; the separators of other scripts become dots.
bool EncodeDomain(std::string_view domain, std::string& out) {
  std::string label;
  const auto flush = [&] {
    if (IsAscii(label)) {
      out += label;
    } else {
      out += "xn--";
      if (!EncodePunycode(label, out)) return false;
    }
    label.clear();
    return true;
  };
  for (size_t at = 0; at < domain.size();) {
    const CodePoint c = DecodeUtf8(domain, at);
    if (c.value == U'.' || c.value == U'\u3002' || c.value == U'\uFF0E' || c.value == U'\uFF61') {
      if (!flush()) return false;
      out.push_back('.');
    } else {
      label += domain.substr(at, c.length);
    }
    at += c.length;
  }
  return flush();
}

// How Windows cuts a command line into arguments.
std::vector<std::string> SplitCommandLine(std::string_view line) {
  std::vector<std::string> arguments;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  size_t at = 0;
  while (at < line.size() && blank(line[at])) ++at;
  while (at < line.size()) {
    std::string argument;
    bool quoted = false;
    while (at < line.size() && (quoted || !blank(line[at]))) {
      size_t slashes = 0;
      while (at < line.size() && line[at] == '\\') ++slashes, ++at;
      if (at < line.size() && line[at] == '"') {
        argument.append(slashes / 2, '\\');
        if (slashes % 2 == 1) {
          argument.push_back('"');
        } else if (quoted && at + 1 < line.size() && line[at + 1] == '"') {
          argument.push_back('"');  // "" inside of quotes
          ++at;
        } else {
          quoted = !quoted;
        }
        ++at;
        continue;
      }
      argument.append(slashes, '\\');
      if (at < line.size() && (quoted || !blank(line[at]))) argument.push_back(line[at++]);
    }
    arguments.push_back(std::move(argument));
    while (at < line.size() && blank(line[at])) ++at;
  }
  return arguments;
}

bool ParseCommandLine(DynOut& out, std::string_view line, std::string_view parser) {
  if (parser != "windows") {
    throw UdfError("parse_command_line(): the parser '" + std::string(parser) +
                   "' is not known; there is 'windows'");
  }
  const std::vector<std::string> arguments = SplitCommandLine(line);
  if (arguments.empty()) return false;
  JsonArrayWriter writer(out);
  for (const std::string& argument : arguments) writer.Quoted(argument);
  writer.Close();
  return true;
}

// More than this comes out of no packed text: a small one could fill the memory.
constexpr size_t kMaxUnpacked = 64 << 20;

enum class Packing { kGzip, kZlib };

// The headers that Kusto takes: gzip without any flag, zlib with the largest window.
bool IsPlainHeader(std::string_view bytes, Packing packing) {
  if (packing == Packing::kZlib) return bytes.starts_with('\x78');
  return bytes.size() > 3 && bytes.starts_with("\x1f\x8b\x08") && bytes[3] == 0;
}

struct Inflation {
  z_stream stream{};
  ~Inflation() { inflateEnd(&stream); }
};

// False: it is no packed text.
bool Unpack(std::string_view bytes, Packing packing, std::string& out) {
  constexpr int kWindow = 15;
  constexpr int kGzipToo = 16;
  constexpr size_t kPiece = 64 << 10;
  if (!IsPlainHeader(bytes, packing)) return false;
  Inflation inflation;
  z_stream& stream = inflation.stream;
  const int window = packing == Packing::kGzip ? kWindow + kGzipToo : kWindow;
  if (inflateInit2(&stream, window) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int state = Z_OK;
  while (state == Z_OK) {
    const size_t before = out.size();
    if (before >= kMaxUnpacked) throw UdfError("a packed text would be longer than 64 MB");
    out.resize(before + kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(kPiece);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  if (state != Z_STREAM_END) return false;
  // What Kusto makes of these isn't known.
  if (stream.avail_in > 0) throw UdfError("bytes after a packed text are not supported");
  if (!IsValidUtf8(out)) throw UdfError("packed bytes that are no text are not supported");
  return true;
}

void UnpackBase64(StrOut& out, std::string_view text, Packing packing) {
  const auto bytes = Base64Decode(text);
  std::string unpacked;
  if (bytes && Unpack(*bytes, packing, unpacked)) out.append(unpacked);
}

}  // namespace

void AddEncodings(Registrar& r) {
  r.Add("kql_gzip_decompress",
        [](StrOut& out, Text text) { UnpackBase64(out, text, Packing::kGzip); });
  r.Add("kql_zlib_decompress",
        [](StrOut& out, Text text) { UnpackBase64(out, text, Packing::kZlib); });
  r.Add("kql_punycode_encode", [](StrOut& out, Text text) {
    if (!EncodePunycode(text, out)) out.clear();
  });
  r.Add("kql_punycode_decode", [](StrOut& out, Text text) {
    if (!DecodePunycode(text, out)) out.clear();
  });
  r.Add("kql_punycode_encode_domain", [](StrOut& out, Text text) {
    if (!EncodeDomain(text, out)) out.clear();
  });
  r.Add("kql_parse_command_line",
        [](DynOut& out, Text line, Text parser) { return ParseCommandLine(out, line, parser); });
}

}  // namespace kc::engine::udf
