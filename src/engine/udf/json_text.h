// Reading and writing the JSON text that stands for a dynamic value, without building a tree. The
// texts are compact (no blanks between tokens), as NormalizeJson() makes them; the readers accept
// blanks and never read past the end, so a broken text gives wrong pieces but no crash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kc::engine::udf {

enum class JsonKind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
// By the first character; kNull for an empty text.
JsonKind KindOf(std::string_view json);
inline bool IsJsonNull(std::string_view json) {
  return json.empty() || json[0] == 'n';
}

// Goes over the elements of an array or the entries of an object; over nothing otherwise.
class JsonItems {
 public:
  explicit JsonItems(std::string_view json);
  // False at the end. Then `key()` (the raw string with its quotes, objects only) and `value()` are
  // valid.
  bool Next();
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  void SkipBlanks();
  const char* at_;
  const char* end_;
  char close_ = '\0';
  std::string_view key_;
  std::string_view value_;
};

std::vector<std::string_view> JsonElements(std::string_view array);
int64_t JsonCount(std::string_view array_or_object);

// One past the value that starts at `at` (which may be `end`).
const char* SkipJsonValue(const char* at, const char* end);

// The content of a JSON string with its quotes.
std::string JsonUnquote(std::string_view quoted);
void AppendJsonUnquoted(std::string& out, std::string_view quoted);
bool JsonKeyIs(std::string_view quoted_key, std::string_view name);
// Appends "…" with escapes.
void AppendJsonQuoted(std::string& out, std::string_view text);

// Value of an object's key, or of an array's index (negative: from the end); nothing if it isn't
// there, the kinds don't fit, or the value is null.
std::optional<std::string_view> JsonMember(std::string_view json, std::string_view key);
std::optional<std::string_view> JsonIndex(std::string_view json, int64_t index);

// Numbers: integers that fit are exact.
std::optional<int64_t> JsonToInteger(std::string_view number);
double JsonToDouble(std::string_view number);
bool JsonIsInteger(std::string_view number);
// "NaN", "Infinity" as strings, else the shortest text that reads back ("1.0").
void AppendJsonReal(std::string& out, double value);
void AppendJsonInteger(std::string& out, int64_t value);

// Checks and makes compact: no blanks, strings with the fewest escapes, integers that fit as they
// are, other numbers in their shortest form. False if the text isn't JSON (then `out` is
// undefined).
bool NormalizeJson(std::string_view text, std::string& out);
// Is the text what NormalizeJson makes of it?
bool IsNormalJson(std::string_view text);
// The same value with the keys of all objects sorted by their bytes.
void AppendSortedJson(std::string& out, std::string_view json);

// Builds an array.
class JsonArrayWriter {
 public:
  explicit JsonArrayWriter(std::string& out) : out_(out) { out_.push_back('['); }
  // The place to append the next element to.
  std::string& Element() {
    if (!first_) out_.push_back(',');
    first_ = false;
    return out_;
  }
  void Raw(std::string_view json) { Element().append(json.empty() ? "null" : json); }
  void Quoted(std::string_view text) { AppendJsonQuoted(Element(), text); }
  void Close() { out_.push_back(']'); }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace kc::engine::udf
