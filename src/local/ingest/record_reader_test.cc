#include "local/ingest/record_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/text.h"

namespace kc::local {
namespace {

// Gives a few bytes at a time, so that every record is cut somewhere.
class Dribble : public ByteSource {
 public:
  Dribble(std::string bytes, size_t step) : bytes_(std::move(bytes)), step_(step) {}
  Result<size_t> Read(char* out, size_t capacity) override {
    size_t n = std::min({capacity, step_, bytes_.size() - at_});
    bytes_.copy(out, n, at_);
    at_ += n;
    return n;
  }

 private:
  std::string bytes_;
  size_t step_;
  size_t at_ = 0;
};

// "a|b" per record, or the reason of the error as the last element.
std::vector<std::string> Read(DataFormat format, std::unique_ptr<ByteSource> source) {
  std::vector<std::string> out;
  auto reader = MakeRecordReader(format, std::move(source));
  std::vector<std::string_view> fields;
  while (true) {
    auto more = reader->Next(&fields);
    if (!more) {
      out.push_back("error " + more.error().reason);
      return out;
    }
    if (!*more) return out;
    std::string line;
    for (size_t i = 0; i < fields.size(); ++i) line += (i > 0 ? "|" : "") + std::string(fields[i]);
    out.push_back(line);
  }
}

std::vector<std::string> ReadBoth(DataFormat format, const std::string& text) {
  auto whole = Read(format, MemoryBytes(text));
  for (size_t step : {1, 2, 3, 7}) {
    EXPECT_EQ(whole, Read(format, std::make_unique<Dribble>(text, step))) << "step " << step;
  }
  return whole;
}

using Lines = std::vector<std::string>;

TEST(RecordReader, PlainFieldsAndLineEnds) {
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "a,b\nc,d\r\ne,f"), (Lines{"a|b", "c|d", "e|f"}));
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, ",\n,,\n"), (Lines{"|", "||"}));
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "a,"), (Lines{"a|"}));
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, ""), Lines{});
}

TEST(RecordReader, EmptyLinesAreNoRecordsButQuotedOnesAre) {
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "\n\r\na\n\n\"\"\nb"), (Lines{"a", "", "b"}));
}

TEST(RecordReader, QuotedFields) {
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "\"a,b\",\"c\"\"d\"\n\"x\r\ny\",z"),
            (Lines{"a,b|c\"d", "x\r\ny|z"}));
  // Not at the start of the field: plain characters.
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "a\"b, \"c\""), (Lines{"a\"b| \"c\""}));
  // What follows the closing quote belongs to the field.
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "\"a\"b,c"), (Lines{"ab|c"}));
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "\"\"\"\"\n"), (Lines{"\""}));
}

TEST(RecordReader, AQuoteThatIsNeverClosed) {
  EXPECT_EQ(ReadBoth(DataFormat::kCsv, "a\n\"b,c\nd"),
            (Lines{"a", "error Stream_ClosingQuoteMissing"}));
}

TEST(RecordReader, OtherDelimiters) {
  EXPECT_EQ(ReadBoth(DataFormat::kTsv, "a,b\tc\n"), (Lines{"a,b|c"}));
  EXPECT_EQ(ReadBoth(DataFormat::kPsv, "a|b\n"), (Lines{"a|b"}));
  EXPECT_EQ(ReadBoth(DataFormat::kScsv, "a;\"b;c\"\n"), (Lines{"a|b;c"}));
  EXPECT_EQ(ReadBoth(DataFormat::kSohsv,
                     "a\x01"
                     "b\n"),
            (Lines{"a|b"}));
}

TEST(RecordReader, EscapedTabs) {
  EXPECT_EQ(ReadBoth(DataFormat::kTsve, "a\\tb\tc\\\\d\\ne\n\"q\"\t\n"),
            (Lines{"a\tb|c\\d\ne", "\"q\"|"}));
}

TEST(RecordReader, LinesAndRaw) {
  EXPECT_EQ(ReadBoth(DataFormat::kTxt, "a,b\n\n\"c\"\r\n"), (Lines{"a,b", "\"c\""}));
  EXPECT_EQ(ReadBoth(DataFormat::kRaw, "a,b\nc\n"), (Lines{"a,b\nc\n"}));
}

TEST(RecordReader, AByteOrderMarkIsSkipped) {
  EXPECT_EQ(ReadBoth(DataFormat::kCsv,
                     "\xEF\xBB\xBF"
                     "a,b\n"),
            (Lines{"a|b"}));
}

TEST(RecordReader, TellsTheLineOfARecord) {
  auto reader = MakeRecordReader(DataFormat::kCsv, MemoryBytes("a\n\"x\ny\nz\"\nb\n"));
  std::vector<std::string_view> fields;
  std::vector<int64_t> lines;
  while (*reader->Next(&fields)) lines.push_back(reader->line());
  EXPECT_EQ(lines, (std::vector<int64_t>{1, 2, 5}));
}

std::string Gzip(const std::string& text) {
  std::string out(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Unpacked, KnowsGzipByItsBytes) {
  std::string packed = Gzip("a,b\n") + Gzip("c,d\n");
  EXPECT_EQ(Read(DataFormat::kCsv, *Unpacked(MemoryBytes(packed))), (Lines{"a|b", "c|d"}));
  EXPECT_EQ(Read(DataFormat::kCsv, *Unpacked(MemoryBytes("a,b\n"))), (Lines{"a|b"}));
  EXPECT_EQ(Read(DataFormat::kCsv, *Unpacked(MemoryBytes("P"))), (Lines{"P"}));
  EXPECT_EQ(Read(DataFormat::kCsv, *Unpacked(MemoryBytes("PKW\n"))), (Lines{"PKW"}));
}

TEST(Unpacked, ATruncatedStreamIsAnError) {
  std::string packed = Gzip("a,b\nc,d\n");
  packed.resize(packed.size() - 6);
  EXPECT_EQ(Read(DataFormat::kCsv, *Unpacked(MemoryBytes(packed))).back(),
            "error BadRequest_InvalidBlob");
  EXPECT_FALSE(Unpacked(MemoryBytes(std::string("PK\x03\x04rest", 8))));
}

}  // namespace
}  // namespace kc::local
