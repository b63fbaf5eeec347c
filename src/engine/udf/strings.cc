// String functions. Positions and lengths count code points.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "base/utf8.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"
#include "engine/udf/utf8.h"

namespace kc::engine::udf {
namespace {

// How long repeat() and strrep() may make a text: DuckDB's own strings end at 4 GiB.
constexpr size_t kMaxRepeatedBytes = 64 * 1024 * 1024;

Text Substring(Text text, int64_t start, int64_t length) {
  if (length <= 0) return {};
  const bool ascii = IsAscii(text);
  const auto count = static_cast<int64_t>(ascii ? text.size() : CountCodePoints(text));
  if (start < 0) start += count;
  if (start < 0 || start >= count) return {};
  length = std::min(length, count - start);
  if (ascii) return text.substr(static_cast<size_t>(start), static_cast<size_t>(length));
  const size_t from = Utf8Offset(text, static_cast<size_t>(start));
  const Text rest = text.substr(from);
  return rest.substr(0, Utf8Offset(rest, static_cast<size_t>(length)));
}

// The position of the n-th occurrence (from 1; negative: from the end), or -1; nothing for an empty
// lookup.
std::optional<int64_t> IndexOf(Text text, Text lookup, int64_t start, int64_t length,
                               int64_t occurrence) {
  if (lookup.empty() || occurrence == 0 || length < -1) return std::nullopt;
  const auto count = static_cast<int64_t>(CountCodePoints(text));
  if (start < 0) start = std::max<int64_t>(0, start + count);
  if (start > count) return -1;
  const size_t from = Utf8Offset(text, static_cast<size_t>(start));
  Text area = text.substr(from);
  if (length >= 0) area = area.substr(0, Utf8Offset(area, static_cast<size_t>(length)));
  size_t at = Text::npos;
  if (occurrence > 0) {
    at = area.find(lookup);
    for (; occurrence > 1 && at != Text::npos; --occurrence) at = area.find(lookup, at + 1);
  } else {
    at = area.rfind(lookup);
    for (; occurrence < -1 && at != Text::npos; ++occurrence) {
      at = at == 0 ? Text::npos : area.rfind(lookup, at - 1);
    }
  }
  if (at == Text::npos) return -1;
  return static_cast<int64_t>(CountCodePoints(text.substr(0, from + at)));
}

// Occurrences may overlap.
int64_t CountOf(Text text, Text lookup) {
  if (lookup.empty()) return 0;
  int64_t count = 0;
  for (size_t at = text.find(lookup); at != Text::npos; at = text.find(lookup, at + 1)) ++count;
  return count;
}

void ReplaceEach(std::string& out, Text text, Text lookup, Text rewrite) {
  if (lookup.empty()) {
    out.append(text);
    return;
  }
  size_t from = 0;
  for (size_t at = text.find(lookup); at != Text::npos; at = text.find(lookup, from)) {
    out.append(text, from, at - from).append(rewrite);
    from = at + lookup.size();
  }
  out.append(text, from);
}

// replace_strings(): the lookups are taken one after another; what one of them matched is done
// with. A rewrite that is no string leaves its matches as they are.
void ReplaceMany(std::string& out, Text text, std::string_view lookups, std::string_view rewrites) {
  struct Piece {
    std::string text;
    bool done;
  };
  std::vector<Piece> pieces = {{std::string(text), false}};
  const auto from = JsonElements(lookups), to = JsonElements(rewrites);
  for (size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
    if (KindOf(from[i]) != JsonKind::kString || from[i].size() <= 2) continue;
    const std::string lookup = JsonUnquote(from[i]);
    const std::string rewrite = KindOf(to[i]) == JsonKind::kString ? JsonUnquote(to[i]) : lookup;
    std::vector<Piece> next;
    for (Piece& piece : pieces) {
      if (piece.done) {
        next.push_back(std::move(piece));
        continue;
      }
      size_t start = 0;
      for (size_t at = piece.text.find(lookup); at != std::string::npos;
           at = piece.text.find(lookup, start)) {
        next.push_back({piece.text.substr(start, at - start), false});
        next.push_back({rewrite, true});
        start = at + lookup.size();
      }
      next.push_back({piece.text.substr(start), false});
    }
    pieces = std::move(next);
  }
  for (const Piece& piece : pieces) out.append(piece.text);
}

void SplitText(std::string& out, Text text, Text delimiter) {
  JsonArrayWriter array(out);
  size_t from = 0;
  if (!delimiter.empty()) {
    for (size_t at = text.find(delimiter); at != Text::npos; at = text.find(delimiter, from)) {
      array.Quoted(text.substr(from, at - from));
      from = at + delimiter.size();
    }
  }
  array.Quoted(text.substr(from));
  array.Close();
}

void Repeat(std::string& out, Text text, int64_t times, Text delimiter) {
  if (times <= 0) return;
  const size_t total = (text.size() + delimiter.size()) * static_cast<size_t>(times);
  if (times > 1'000'000'000 || total > kMaxRepeatedBytes) {
    throw UdfError("a repeated text would be longer than 64 MB");
  }
  for (int64_t i = 0; i < times; ++i) {
    if (i > 0) out.append(delimiter);
    out.append(text);
  }
}

void Reverse(std::string& out, Text text) {
  out.resize(text.size());
  size_t end = text.size();
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::min(Utf8Length(text[at]), text.size() - at);
    end -= length;
    std::copy_n(text.data() + at, length, out.data() + end);
    at += length;
  }
}

// translate(): each character of `search` becomes the one at its place in `replacement` (the last
// one if that is shorter; nothing if it is empty).
void Translate(std::string& out, Text search, Text replacement, Text source) {
  std::vector<Text> targets;
  for (size_t at = 0; at < replacement.size();) {
    const size_t length = DecodeUtf8(replacement, at).length;
    targets.push_back(replacement.substr(at, length));
    at += length;
  }
  for (size_t at = 0; at < source.size();) {
    const size_t length = DecodeUtf8(source, at).length;
    const Text c = source.substr(at, length);
    at += length;
    size_t index = 0;
    bool found = false;
    for (size_t s = 0; s < search.size() && !found; ++index) {
      const size_t n = DecodeUtf8(search, s).length;
      found = search.substr(s, n) == c;
      s += n;
    }
    if (!found) {
      out.append(c);
    } else if (!targets.empty()) {
      out.append(targets[std::min(index - 1, targets.size() - 1)]);
    }
  }
}

void JoinArray(std::string& out, std::string_view array, Text delimiter) {
  bool first = true;
  for (const std::string_view element : JsonElements(array)) {
    if (!first) out.append(delimiter);
    first = false;
    if (KindOf(element) == JsonKind::kString) {
      AppendJsonUnquoted(out, element);
    } else if (!IsJsonNull(element)) {
      out.append(element);
    }
  }
}

// url_encode(): a blank becomes '+' (or %20), the digits are lower case.
void UrlEncoded(std::string& out, Text text, std::string_view keep, bool plus) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || keep.find(c) != Text::npos) {
      out.push_back(c);
    } else if (c == ' ' && plus) {
      out.push_back('+');
    } else {
      out.push_back('%');
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kDigits[c & 15]);
    }
  }
}

void UrlDecoded(std::string& out, Text text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
}

std::string Sanitized(std::string text) {
  return IsValidUtf8(text) ? text : SanitizeUtf8(std::move(text));
}

void FormatBytesText(std::string& out, double value, int64_t digits, Text unit) {
  static constexpr std::string_view kUnits[] = {"Bytes", "KB", "MB", "GB", "TB", "PB", "EB"};
  size_t index = 0;
  if (unit.empty()) {
    while (std::fabs(value) >= 1024 && index + 1 < std::size(kUnits)) {
      value /= 1024;
      ++index;
    }
  } else {
    while (index < std::size(kUnits) && !EqualsIgnoreCase(unit, kUnits[index])) ++index;
    if (index == std::size(kUnits)) return;
    for (size_t i = 0; i < index; ++i) value /= 1024;
  }
  char buffer[400];
  std::snprintf(buffer, sizeof(buffer), "%.*f",
                static_cast<int>(std::clamp<int64_t>(digits, 0, 20)), value);
  std::string number = buffer;
  if (number.find('.') != std::string::npos) {
    while (number.back() == '0') number.pop_back();
    if (number.back() == '.') number.pop_back();
  }
  out.append(number).append(" ").append(kUnits[index]);
}

void AddBasics(Registrar& r) {
  r.Add("kql_substring",
        [](Text text, int64_t start, int64_t length) { return Substring(text, start, length); });
  r.Add("kql_indexof",
        [](Text text, Text lookup, int64_t start, int64_t length, int64_t occurrence) {
          return IndexOf(text, lookup, start, length, occurrence);
        });
  r.Add("kql_countof", [](Text text, Text lookup) { return CountOf(text, lookup); });
  r.Add("kql_replace_string", [](StrOut& out, Text text, Text lookup, Text rewrite) {
    ReplaceEach(out, text, lookup, rewrite);
  });
  r.Add("kql_replace_strings", [](StrOut& out, Text text, Dyn lookups, Dyn rewrites) {
    ReplaceMany(out, text, lookups.text, rewrites.text);
  });
  r.Add("kql_split", [](DynOut& out, Text text, Text delimiter) {
    SplitText(out, text, delimiter);
    return true;
  });
  r.Add("kql_split_at", [](DynOut& out, Text text, Text delimiter, int64_t index) {
    std::string all;
    SplitText(all, text, delimiter);
    const auto element = JsonIndex(all, index);
    if (!element || index < 0) return false;
    out.append("[").append(*element).append("]");
    return true;
  });
  r.Add("kql_repeat", [](StrOut& out, Text text, int64_t times, Text delimiter) {
    Repeat(out, text, times, delimiter);
  });
  r.Add("kql_reverse", [](StrOut& out, Text text) { Reverse(out, text); });
  r.Add("kql_translate", [](StrOut& out, Text search, Text replacement, Text source) {
    Translate(out, search, replacement, source);
  });
  r.Add("kql_strcat_array",
        [](StrOut& out, Dyn array, Text delimiter) { JoinArray(out, array.text, delimiter); });
  r.Add("kql_strcmp", [](Text a, Text b) -> int64_t {
    const int order = a.compare(b);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  });
  r.Add("kql_format_bytes", [](StrOut& out, double value, int64_t digits, Text unit) {
    FormatBytesText(out, value, digits, unit);
  });
}

void AddCodes(Registrar& r) {
  r.Add("kql_base64_encode", [](StrOut& out, Text text) { out.append(Base64Encode(text)); });
  // Bytes that are no text are null.
  r.Add("kql_base64_decode", [](StrOut& out, Text text) {
    const auto bytes = Base64Decode(text);
    if (bytes && IsValidUtf8(*bytes)) out.append(*bytes);
  });
  r.Add("kql_base64_decode_toarray", [](DynOut& out, Text text) {
    const auto bytes = Base64Decode(text);
    if (!bytes) return false;
    JsonArrayWriter array(out);
    for (const char c : *bytes) AppendJsonInteger(array.Element(), static_cast<unsigned char>(c));
    array.Close();
    return true;
  });
  r.Add("kql_base64_encode_fromarray", [](StrOut& out, Dyn json) {
    std::string bytes;
    for (const std::string_view element : JsonElements(json.text)) {
      const auto value = JsonToInteger(element);
      if (!value || *value < 0 || *value > 255) return;
      bytes.push_back(static_cast<char>(*value));
    }
    out.append(Base64Encode(bytes));
  });
  r.Add("kql_base64_encode_fromguid", [](StrOut& out, DuckHuge guid) {
    // Microsoft's byte order: the first three groups are little-endian.
    static constexpr int kOrder[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    const uint64_t high = static_cast<uint64_t>(guid.upper) ^ (uint64_t{1} << 63);
    std::string bytes;
    for (const int i : kOrder) {
      const uint64_t half = i < 8 ? high : guid.lower;
      bytes.push_back(static_cast<char>(half >> (56 - 8 * (i % 8)) & 255));
    }
    out.append(Base64Encode(bytes));
  });
  r.Add("kql_base64_decode_toguid", [](Text text) -> std::optional<DuckHuge> {
    static constexpr int kOrder[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    const auto bytes = Base64Decode(text);
    if (!bytes || bytes->size() != 16) return std::nullopt;
    uint64_t halves[2] = {0, 0};
    for (int i = 0; i < 16; ++i) {
      const auto byte = static_cast<unsigned char>((*bytes)[static_cast<size_t>(kOrder[i])]);
      halves[i / 8] = halves[i / 8] << 8 | byte;
    }
    return DuckHuge{halves[1], static_cast<int64_t>(halves[0] ^ (uint64_t{1} << 63))};
  });
}

void AddUrlsAndCodePoints(Registrar& r) {
  r.Add("kql_url_encode", [](StrOut& out, Text text) { UrlEncoded(out, text, "-_.!*()", true); });
  r.Add("kql_url_encode_component",
        [](StrOut& out, Text text) { UrlEncoded(out, text, "-_.~", false); });
  r.Add("kql_url_decode", [](StrOut& out, Text text) {
    std::string decoded;
    UrlDecoded(decoded, text);
    out.append(Sanitized(std::move(decoded)));
  });
  r.Add("kql_codepoints", [](DynOut& out, Text text) {
    JsonArrayWriter array(out);
    for (size_t at = 0; at < text.size();) {
      const CodePoint point = DecodeUtf8(text, at);
      AppendJsonInteger(array.Element(), static_cast<int64_t>(point.value));
      at += point.length;
    }
    array.Close();
    return true;
  });
  // Of an array whose elements are code points or arrays of them.
  r.Add("kql_from_codepoints", [](StrOut& out, Dyn json) {
    const auto append = [&](std::string_view number) {
      const auto value = JsonToInteger(number);
      const bool valid =
          value && *value > 0 && *value < 0x110000 && (*value < 0xD800 || *value > 0xDFFF);
      if (valid) AppendUtf8(out, static_cast<char32_t>(*value));
    };
    for (const std::string_view element : JsonElements(json.text)) {
      if (KindOf(element) == JsonKind::kArray) {
        for (const std::string_view inner : JsonElements(element)) append(inner);
      } else {
        append(element);
      }
    }
  });
  r.Add("kql_isascii", [](Text text) { return IsAscii(text); });
}

}  // namespace

void AddStrings(Registrar& r) {
  AddBasics(r);
  AddCodes(r);
  AddUrlsAndCodePoints(r);
}

}  // namespace kc::engine::udf
