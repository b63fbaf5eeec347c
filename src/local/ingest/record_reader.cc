#include "local/ingest/record_reader.h"

#include <cstring>
#include <deque>
#include <string>
#include <utility>

#include "local/ingest/scan.h"
#include "local/ingest/text_buffer.h"

namespace kc::local {
namespace {

// Parses one record at a time out of the buffer. A record that isn't whole yet is parsed again from
// its start once more bytes are there: the buffer doubles, so that this costs little.
class DelimitedReader : public RecordReader {
 public:
  DelimitedReader(char delimiter, std::unique_ptr<ByteSource> source)
      : delimiter_(delimiter), buffer_(std::move(source)) {}

  Result<bool> Next(std::vector<std::string_view>* fields) override {
    while (true) {
      line_ = next_line_;
      Outcome outcome = Parse(fields);
      if (outcome == Outcome::kRecord) return true;
      if (outcome == Outcome::kBlank) continue;
      if (outcome == Outcome::kEnd) return false;
      if (outcome == Outcome::kUnclosed) {
        return Stop(
            "The quote that opens a field on line " + std::to_string(line_) + " is never closed",
            "Stream_ClosingQuoteMissing");
      }
      KC_TRY(buffer_.More());
    }
  }
  int64_t line() const override { return line_; }

 private:
  enum class Outcome { kRecord, kBlank, kEnd, kNeedMore, kUnclosed };

  Outcome Parse(std::vector<std::string_view>* fields) {
    fields->clear();
    unescaped_.clear();
    lines_ = 0;
    const char* p = buffer_.begin();
    const char* end = buffer_.end();
    if (p == end) return buffer_.at_end() ? Outcome::kEnd : Outcome::kNeedMore;
    while (true) {
      bool ended = false;
      const char* next =
          p != end && *p == '"' ? Quoted(p, end, fields, &ended) : Plain(p, end, fields, &ended);
      if (next == nullptr) {
        if (!buffer_.at_end()) return Outcome::kNeedMore;
        return Outcome::kUnclosed;
      }
      p = next;
      if (ended) break;
    }
    bool blank = fields->size() == 1 && fields->front().empty() && *buffer_.begin() != '"';
    buffer_.Consume(p);
    next_line_ += lines_ + 1;
    return blank ? Outcome::kBlank : Outcome::kRecord;
  }

  // A field without quotes from p. Gives the place behind its delimiter or line end; null if the
  // field may go on beyond the bytes at hand.
  const char* Plain(const char* p, const char* end, std::vector<std::string_view>* fields,
                    bool* ended) {
    const char* stop = FindAny(p, end, delimiter_, '\n', '\n');
    if (stop == end) {
      if (!buffer_.at_end()) return nullptr;
      fields->emplace_back(p, WithoutReturn(p, stop));
      *ended = true;
      return stop;
    }
    *ended = *stop == '\n';
    fields->emplace_back(p, *ended ? WithoutReturn(p, stop) : static_cast<size_t>(stop - p));
    return stop + 1;
  }

  static size_t WithoutReturn(const char* p, const char* stop) {
    size_t length = static_cast<size_t>(stop - p);
    return length > 0 && stop[-1] == '\r' ? length - 1 : length;
  }

  const char* Quoted(const char* p, const char* end, std::vector<std::string_view>* fields,
                     bool* ended) {
    const char* begin = ++p;
    std::string* text = nullptr;  // the field once it can't be a piece of the buffer
    while (true) {
      const char* quote =
          static_cast<const char*>(std::memchr(p, '"', static_cast<size_t>(end - p)));
      if (quote == nullptr) return nullptr;
      if (quote + 1 == end && !buffer_.at_end()) return nullptr;
      if (quote + 1 != end && quote[1] == '"') {
        if (text == nullptr) text = &unescaped_.emplace_back();
        text->append(begin, quote + 1);
        p = begin = quote + 2;
        continue;
      }
      CountLines(begin, quote);
      return AfterQuote(begin, quote, end, text, fields, ended);
    }
  }

  // Characters between the closing quote and the delimiter belong to the field, as they stand.
  const char* AfterQuote(const char* begin, const char* quote, const char* end, std::string* text,
                         std::vector<std::string_view>* fields, bool* ended) {
    const char* p = quote + 1;
    const char* stop = FindAny(p, end, delimiter_, '\n', '\n');
    if (stop == end && !buffer_.at_end()) return nullptr;
    *ended = stop == end || *stop == '\n';
    size_t tail = *ended ? WithoutReturn(p, stop) : static_cast<size_t>(stop - p);
    if (text == nullptr && tail == 0) {
      fields->emplace_back(begin, static_cast<size_t>(quote - begin));
    } else {
      if (text == nullptr) text = &unescaped_.emplace_back();
      text->append(begin, quote);
      text->append(p, tail);
      fields->emplace_back(*text);
    }
    return stop == end ? stop : stop + 1;
  }

  void CountLines(const char* p, const char* end) {
    while ((p = static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)))) !=
           nullptr) {
      ++lines_;
      ++p;
    }
  }

  char delimiter_;
  TextBuffer buffer_;
  std::deque<std::string> unescaped_;
  int64_t lines_ = 0;
  int64_t line_ = 1;
  int64_t next_line_ = 1;
};

// Lines; each is one field (txt), or is split at tabs and unescaped (tsve).
class LineReader : public RecordReader {
 public:
  LineReader(char delimiter, std::unique_ptr<ByteSource> source)
      : delimiter_(delimiter), buffer_(std::move(source)) {}

  Result<bool> Next(std::vector<std::string_view>* fields) override {
    fields->clear();
    while (true) {
      const char* p = buffer_.begin();
      const char* end = buffer_.end();
      const char* stop = FindAny(p, end, '\n', '\n', '\n');
      if (stop == end && !buffer_.at_end()) {
        KC_TRY(buffer_.More());
        continue;
      }
      if (p == end) return false;
      ++line_;
      buffer_.Consume(stop == end ? stop : stop + 1);
      if (stop != p && stop[-1] == '\r') --stop;
      if (stop == p) continue;
      std::string_view line(p, static_cast<size_t>(stop - p));
      if (delimiter_ == '\0') {
        fields->push_back(line);
      } else {
        SplitEscaped(line, fields);
      }
      return true;
    }
  }
  int64_t line() const override { return line_; }

 private:
  void SplitEscaped(std::string_view line, std::vector<std::string_view>* fields) {
    unescaped_.clear();
    size_t begin = 0;
    bool escapes = false;
    for (size_t i = 0;; ++i) {
      if (i + 1 < line.size() && line[i] == '\\') {
        escapes = true;
        ++i;
        continue;
      }
      if (i < line.size() && line[i] != delimiter_) continue;
      std::string_view field = line.substr(begin, i - begin);
      fields->push_back(escapes ? Unescape(field) : field);
      if (i >= line.size()) return;
      begin = i + 1;
      escapes = false;
    }
  }

  std::string_view Unescape(std::string_view field) {
    std::string& out = unescaped_.emplace_back();
    for (size_t i = 0; i < field.size(); ++i) {
      if (field[i] != '\\' || i + 1 == field.size()) {
        out += field[i];
        continue;
      }
      char c = field[++i];
      out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
    return out;
  }

  char delimiter_;
  TextBuffer buffer_;
  std::deque<std::string> unescaped_;
  int64_t line_ = 0;
};

// The whole text is one record of one field.
class RawReader : public RecordReader {
 public:
  explicit RawReader(std::unique_ptr<ByteSource> source) : buffer_(std::move(source)) {}
  Result<bool> Next(std::vector<std::string_view>* fields) override {
    fields->clear();
    while (!buffer_.at_end()) KC_TRY(buffer_.More());
    if (done_ || buffer_.begin() == buffer_.end()) return false;
    done_ = true;
    fields->emplace_back(buffer_.begin(), static_cast<size_t>(buffer_.end() - buffer_.begin()));
    return true;
  }
  int64_t line() const override { return 1; }

 private:
  TextBuffer buffer_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<RecordReader> MakeRecordReader(DataFormat format,
                                               std::unique_ptr<ByteSource> source) {
  switch (format) {
    case DataFormat::kTsve:
    case DataFormat::kTxt:
      return std::make_unique<LineReader>(Delimiter(format), std::move(source));
    case DataFormat::kRaw:
      return std::make_unique<RawReader>(std::move(source));
    default:
      return std::make_unique<DelimitedReader>(Delimiter(format), std::move(source));
  }
}

}  // namespace kc::local
