// parse-kv: the value of one key in a text of pairs.
#include "base/text.h"
#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

struct Delimiters {
  std::string_view pair, value, quote, escape;
};

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Goes over the pairs of a text.
class PairReader {
 public:
  PairReader(std::string_view text, const Delimiters& delimiters)
      : text_(text), delimiters_(delimiters) {}

  // False at the end; else key() and value() are those of the next pair.
  bool Next();
  std::string_view key() const { return key_; }
  const std::string& value() const { return value_; }

 private:
  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }
  bool AtQuote() const {
    return !delimiters_.quote.empty() && at_ < text_.size() &&
           text_[at_] == delimiters_.quote.front();
  }
  // After the opening quote, through the closing one.
  std::string ReadQuoted();

  std::string_view text_;
  const Delimiters& delimiters_;
  size_t at_ = 0;
  std::string_view key_;
  std::string quoted_key_;
  std::string value_;
};

std::string PairReader::ReadQuoted() {
  std::string content;
  const char close = delimiters_.quote.back();
  ++at_;
  while (at_ < text_.size() && text_[at_] != close) {
    const bool escaped = !delimiters_.escape.empty() && text_[at_] == delimiters_.escape[0] &&
                         at_ + 1 < text_.size();
    if (escaped) ++at_;
    content += text_[at_++];
  }
  if (at_ < text_.size()) ++at_;
  return content;
}

bool PairReader::Next() {
  while (at_ < text_.size()) {
    SkipBlanks();
    if (at_ >= text_.size()) return false;
    if (text_.substr(at_).starts_with(delimiters_.pair)) {
      at_ += delimiters_.pair.size();
      continue;
    }
    const size_t begin = at_;
    const bool quoted = AtQuote();
    if (quoted) quoted_key_ = ReadQuoted();
    const size_t assign = text_.find(delimiters_.value, at_);
    if (assign == std::string_view::npos) return false;
    // A pair that ends before its value begins has none; blanks before the delimiter don't count.
    const size_t end = text_.find(delimiters_.pair, at_);
    if (end < assign && !Trim(text_.substr(end, assign - end)).empty()) {
      at_ = end + delimiters_.pair.size();
      continue;
    }
    key_ = quoted ? std::string_view(quoted_key_) : Trim(text_.substr(begin, assign - begin));
    at_ = assign + delimiters_.value.size();
    // Blanks before the value don't count, unless they end the pair at once.
    const size_t before = at_;
    SkipBlanks();
    if (AtQuote()) {
      value_ = ReadQuoted();
      return true;
    }
    const bool blank_pair = IsBlank(delimiters_.pair[0]);
    const size_t stop = text_.find(delimiters_.pair, blank_pair ? at_ : before);
    const size_t last = stop == std::string_view::npos ? text_.size() : stop;
    value_ = std::string(Trim(text_.substr(before, last - before)));
    at_ = last;
    return true;
  }
  return false;
}

}  // namespace

void AddParseKv(Registrar& registrar) {
  // text, key, pair delimiter, key-value delimiter, quotes (0 to 2 characters), escape (0 or 1).
  registrar.Add("kql_parse_kv", [](DynOut& out, Text text, Text key, Text pair, Text delimiter,
                                   Text quote, Text escape) {
    const Delimiters delimiters{pair, delimiter, quote, escape};
    PairReader pairs(text, delimiters);
    while (pairs.Next()) {
      if (pairs.key() != key) continue;
      out.append(pairs.value());
      return true;
    }
    return false;
  });
}

}  // namespace kc::engine::udf
