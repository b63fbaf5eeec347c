#include "engine/udf/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/json.h"
#include "base/utf8.h"
#include "engine/udf/integer_text.h"
#include "engine/udf/real_text.h"

namespace kc::engine::udf {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// One past the closing quote.
const char* SkipString(const char* at, const char* end) {
  for (++at; at < end; ++at) {
    if (*at == '\\') {
      if (++at >= end) return end;
    } else if (*at == '"') {
      return at + 1;
    }
  }
  return end;
}

const char* SkipContainer(const char* at, const char* end) {
  int depth = 0;
  while (at < end) {
    const char c = *at;
    if (c == '"') {
      at = SkipString(at, end);
      continue;
    }
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') {
      if (--depth == 0) return at + 1;
    }
    ++at;
  }
  return end;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hexadecimal digits at `at`, or -1.
int ReadHex4(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(at[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// Decodes the escape whose backslash is at `at`; gives one past it, or null if it is none.
const char* Unescape(const char* at, const char* end, std::string& out) {
  if (end - at < 2) return nullptr;
  switch (at[1]) {
    case '"':
    case '\\':
    case '/':
      out.push_back(at[1]);
      return at + 2;
    case 'b':
      out.push_back('\b');
      return at + 2;
    case 'f':
      out.push_back('\f');
      return at + 2;
    case 'n':
      out.push_back('\n');
      return at + 2;
    case 'r':
      out.push_back('\r');
      return at + 2;
    case 't':
      out.push_back('\t');
      return at + 2;
    case 'u':
      break;
    default:
      return nullptr;
  }
  const int first = ReadHex4(at + 2, end);
  if (first < 0) return nullptr;
  at += 6;
  if (first >= 0xD800 && first < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
    const int second = ReadHex4(at + 2, end);
    if (second >= 0xDC00 && second < 0xE000) {
      AppendUtf8(out, 0x10000 + (static_cast<uint32_t>(first - 0xD800) << 10) +
                          static_cast<uint32_t>(second - 0xDC00));
      return at + 6;
    }
  }
  // Half of a surrogate pair is no character.
  AppendUtf8(out, static_cast<char32_t>(first));
  return at;
}

// Takes what a std::string would and compares it with a text.
class Comparison {
 public:
  explicit Comparison(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}
  void push_back(char c) { append({&c, 1}); }
  void append(std::string_view piece) {
    same_ = same_ && piece.size() <= static_cast<size_t>(end_ - at_) &&
            (piece.data() == at_ || std::memcmp(piece.data(), at_, piece.size()) == 0);
    if (same_) at_ += piece.size();
  }
  bool IsWhole() const { return same_ && at_ == end_; }

 private:
  const char* at_;
  const char* end_;
  bool same_ = true;
};

// Recursive descent over strict JSON. Out: std::string or Comparison.
template <typename Out>
class Normalizer {
 public:
  Normalizer(std::string_view text, Out& out)
      : at_(text.data()), end_(at_ + text.size()), out_(out) {}

  bool Run() {
    SkipBlanks();
    if (!Value(0)) return false;
    SkipBlanks();
    return at_ == end_;
  }

 private:
  void SkipBlanks() {
    while (at_ < end_ && IsBlank(*at_)) ++at_;
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool Word(std::string_view word) {
    if (static_cast<size_t>(end_ - at_) < word.size() ||
        std::memcmp(at_, word.data(), word.size()) != 0) {
      return false;
    }
    at_ += word.size();
    out_.append(word);
    return true;
  }
  bool Value(int depth) {
    if (at_ == end_ || depth > kMaxJsonDepth) return false;
    switch (*at_) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }
  bool Object(int depth) {
    ++at_;
    out_.push_back('{');
    if (Take('}')) {
      out_.push_back('}');
      return true;
    }
    bool first = true;
    do {
      SkipBlanks();
      if (!first) out_.push_back(',');
      first = false;
      if (at_ == end_ || *at_ != '"' || !String() || !Take(':')) return false;
      out_.push_back(':');
      SkipBlanks();
      if (!Value(depth + 1)) return false;
    } while (Take(','));
    out_.push_back('}');
    return Take('}');
  }
  bool Array(int depth) {
    ++at_;
    out_.push_back('[');
    if (Take(']')) {
      out_.push_back(']');
      return true;
    }
    bool first = true;
    do {
      SkipBlanks();
      if (!first) out_.push_back(',');
      first = false;
      if (!Value(depth + 1)) return false;
    } while (Take(','));
    out_.push_back(']');
    return Take(']');
  }
  bool String() {
    const char* start = at_;
    for (const char* p = at_ + 1; p < end_; ++p) {
      const auto c = static_cast<unsigned char>(*p);
      if (c == '"') {
        out_.append(std::string_view(start, static_cast<size_t>(p + 1 - start)));
        at_ = p + 1;
        return true;
      }
      if (c == '\\') return EscapedString();
      if (c < 0x20) return false;
    }
    return false;
  }
  bool EscapedString() {
    std::string content;
    for (const char* p = at_ + 1; p < end_;) {
      const auto c = static_cast<unsigned char>(*p);
      if (c == '"') {
        std::string quoted;
        AppendJsonQuoted(quoted, content);
        out_.append(quoted);
        at_ = p + 1;
        return true;
      }
      if (c < 0x20) return false;
      if (c == '\\') {
        p = Unescape(p, end_, content);
        if (p == nullptr) return false;
      } else {
        content.push_back(*p++);
      }
    }
    return false;
  }
  bool Digits() {
    const char* start = at_;
    while (at_ < end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ > start;
  }
  bool Number() {
    const char* start = at_;
    if (at_ < end_ && *at_ == '-') ++at_;
    const char* digits = at_;
    if (!Digits()) return false;
    if (*digits == '0' && at_ - digits > 1) return false;
    bool integer = true;
    if (at_ < end_ && *at_ == '.') {
      integer = false;
      ++at_;
      if (!Digits()) return false;
    }
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E')) {
      integer = false;
      ++at_;
      if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!Digits()) return false;
    }
    const std::string_view text(start, static_cast<size_t>(at_ - start));
    if (integer && text != "-0" && JsonToInteger(text)) {
      out_.append(text);
    } else {
      std::string real;
      AppendJsonReal(real, JsonToDouble(text));
      out_.append(real);
    }
    return true;
  }

  const char* at_;
  const char* end_;
  Out& out_;
};

}  // namespace

JsonKind KindOf(std::string_view json) {
  if (json.empty()) return JsonKind::kNull;
  switch (json[0]) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

const char* SkipJsonValue(const char* at, const char* end) {
  if (at >= end) return end;
  if (*at == '"') return SkipString(at, end);
  if (*at == '[' || *at == '{') return SkipContainer(at, end);
  while (at < end && *at != ',' && *at != ']' && *at != '}' && *at != ':' && !IsBlank(*at)) ++at;
  return at;
}

JsonItems::JsonItems(std::string_view json) : at_(json.data()), end_(at_ + json.size()) {
  if (!json.empty() && (json[0] == '[' || json[0] == '{')) {
    close_ = json[0] == '[' ? ']' : '}';
    ++at_;
  } else {
    at_ = end_;
  }
}

void JsonItems::SkipBlanks() {
  while (at_ < end_ && (IsBlank(*at_) || *at_ == ',')) ++at_;
}

bool JsonItems::Next() {
  SkipBlanks();
  if (at_ >= end_ || *at_ == close_) return false;
  if (close_ == '}') {
    const char* start = at_;
    at_ = SkipJsonValue(at_, end_);
    key_ = {start, static_cast<size_t>(at_ - start)};
    while (at_ < end_ && (IsBlank(*at_) || *at_ == ':')) ++at_;
  }
  const char* start = at_;
  at_ = SkipJsonValue(at_, end_);
  if (at_ == start) return false;
  value_ = {start, static_cast<size_t>(at_ - start)};
  return true;
}

std::vector<std::string_view> JsonElements(std::string_view array) {
  std::vector<std::string_view> elements;
  if (KindOf(array) != JsonKind::kArray) return elements;
  JsonItems items(array);
  while (items.Next()) elements.push_back(items.value());
  return elements;
}

int64_t JsonCount(std::string_view array_or_object) {
  int64_t count = 0;
  JsonItems items(array_or_object);
  while (items.Next()) ++count;
  return count;
}

void AppendJsonUnquoted(std::string& out, std::string_view quoted) {
  if (quoted.size() < 2) return;
  const char* at = quoted.data() + 1;
  const char* end = quoted.data() + quoted.size() - 1;
  while (at < end) {
    const char* backslash =
        static_cast<const char*>(std::memchr(at, '\\', static_cast<size_t>(end - at)));
    if (backslash == nullptr) {
      out.append(at, static_cast<size_t>(end - at));
      return;
    }
    out.append(at, static_cast<size_t>(backslash - at));
    const char* next = Unescape(backslash, end, out);
    at = next != nullptr ? next : backslash + 1;
  }
}

std::string JsonUnquote(std::string_view quoted) {
  std::string out;
  AppendJsonUnquoted(out, quoted);
  return out;
}

bool JsonKeyIs(std::string_view quoted_key, std::string_view name) {
  if (quoted_key.size() < 2) return false;
  const std::string_view raw = quoted_key.substr(1, quoted_key.size() - 2);
  if (raw.find('\\') == std::string_view::npos) return raw == name;
  return JsonUnquote(quoted_key) == name;
}

void AppendJsonQuoted(std::string& out, std::string_view text) {
  AppendJsonString(out, text);
}

std::optional<std::string_view> JsonMember(std::string_view json, std::string_view key) {
  if (KindOf(json) != JsonKind::kObject) return std::nullopt;
  JsonItems items(json);
  while (items.Next()) {
    if (JsonKeyIs(items.key(), key)) {
      if (IsJsonNull(items.value())) return std::nullopt;
      return items.value();
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> JsonIndex(std::string_view json, int64_t index) {
  if (KindOf(json) != JsonKind::kArray) return std::nullopt;
  if (index < 0) index += JsonCount(json);
  if (index < 0) return std::nullopt;
  JsonItems items(json);
  while (items.Next()) {
    if (index-- == 0) {
      if (IsJsonNull(items.value())) return std::nullopt;
      return items.value();
    }
  }
  return std::nullopt;
}

std::optional<int64_t> JsonToInteger(std::string_view number) {
  int64_t value = 0;
  const char* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (error != std::errc() || stop != end || number.empty()) return std::nullopt;
  return value;
}

bool JsonIsInteger(std::string_view number) {
  return JsonToInteger(number).has_value();
}

double JsonToDouble(std::string_view number) {
  double value = 0;
  const char* end = number.data() + number.size();
  const auto [stop, error] = std::from_chars(number.data(), end, value);
  if (error == std::errc::result_out_of_range) {
    const size_t exponent = number.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos && number[exponent + 1] == '-';
    value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    if (number[0] == '-') value = -value;
  } else if (error != std::errc() || stop != end) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return value;
}

void AppendJsonReal(std::string& out, double value) {
  if (std::isfinite(value)) {
    AppendReal(out, value);
  } else {
    out.append(std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  }
}

void AppendJsonInteger(std::string& out, int64_t value) {
  char buffer[kIntegerRoom];
  out.append(buffer, WriteInteger(value, buffer));
}

bool NormalizeJson(std::string_view text, std::string& out) {
  return Normalizer(text, out).Run();
}

bool IsNormalJson(std::string_view text) {
  Comparison same(text);
  return Normalizer(text, same).Run() && same.IsWhole();
}

namespace {

// Writes JSON with sorted keys to memory of three times its size.
class SortedWriter {
 public:
  explicit SortedWriter(char* out) : out_(out) {}
  char* out() const { return out_; }

  void Value(std::string_view json, int depth) {
    const JsonKind kind = KindOf(json);
    if (depth > kMaxJsonDepth || (kind != JsonKind::kArray && kind != JsonKind::kObject)) {
      return Put(json);
    }
    JsonItems items(json);
    kind == JsonKind::kArray ? Array(items, depth) : Object(items, depth);
  }

 private:
  struct Entry {
    std::string_view key, value;
  };
  // Most objects have few keys: those are sorted in place as they come, without memory of their
  // own.
  static constexpr size_t kFew = 16;

  static bool Less(const Entry& a, const Entry& b) { return a.key < b.key; }

  void Put(std::string_view text) {
    std::memcpy(out_, text.data(), text.size());
    out_ += text.size();
  }

  void Array(JsonItems& items, int depth) {
    *out_++ = '[';
    for (bool first = true; items.Next(); first = false) {
      if (!first) *out_++ = ',';
      Value(items.value(), depth + 1);
    }
    *out_++ = ']';
  }

  void Object(JsonItems& items, int depth) {
    Entry few[kFew];
    size_t count = 0;
    while (count < kFew && items.Next()) {
      const Entry entry{items.key(), items.value()};
      size_t at = count++;
      for (; at > 0 && Less(entry, few[at - 1]); --at) few[at] = few[at - 1];
      few[at] = entry;
    }
    if (count < kFew || !items.Next()) return Entries(few, count, depth);
    std::vector<Entry> many(few, few + count);
    do {
      many.push_back({items.key(), items.value()});
    } while (items.Next());
    std::stable_sort(many.begin(), many.end(), Less);
    Entries(many.data(), many.size(), depth);
  }

  void Entries(const Entry* entries, size_t count, int depth) {
    *out_++ = '{';
    for (size_t i = 0; i < count; ++i) {
      const auto& [key, value] = entries[i];
      if (i > 0) *out_++ = ',';
      const bool adjacent =
          value.data() == key.data() + key.size() + 1 && key.data()[key.size()] == ':';
      if (adjacent && value[0] != '{' && value[0] != '[') {
        Put({key.data(), key.size() + 1 + value.size()});
        continue;
      }
      Put(key);
      *out_++ = ':';
      Value(value, depth + 1);
    }
    *out_++ = '}';
  }

  char* out_;
};

}  // namespace

void AppendSortedJson(std::string& out, std::string_view json) {
  if (json.empty()) {
    out.append("null");
    return;
  }
  const size_t before = out.size();
  // JSON becomes shorter, if anything. Of other texts a character may bring a comma and a colon or
  // a bracket that they lack.
  out.resize(before + 3 * json.size());
  SortedWriter writer(out.data() + before);
  writer.Value(json, 0);
  out.resize(static_cast<size_t>(writer.out() - out.data()));
}

}  // namespace kc::engine::udf
