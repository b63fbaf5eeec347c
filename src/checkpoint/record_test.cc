#include "checkpoint/record.h"

#include <gtest/gtest.h>

#include "base/ticks.h"

namespace kc::checkpoint {
namespace {

Record Sample(int64_t sequence, int64_t group, int index, int count) {
  Record record;
  record.level = "Block";
  record.iteration = 3;
  record.end_cursor = "638";
  record.table = "My \"T\", näher";
  record.block = std::to_string(sequence);
  record.state = "Exporting";
  record.created = *ParseDateTime("2026-11-22T06:30:00.1234567Z");
  record.updated = record.created + 1;
  record.details = R"({"a":[1,"x,\"y\""],"n":null})";
  record.generation = 7;
  record.sequence = sequence;
  record.group = group;
  record.index = index;
  record.count = count;
  return record;
}

// A header, a group of one and a group of two.
std::string SampleSegment() {
  return HeaderLine() + RecordLine(Sample(1, 1, 1, 1)) + RecordLine(Sample(2, 2, 1, 2)) +
         RecordLine(Sample(3, 2, 2, 2));
}

TEST(Record, ReadsBackWhatItWrites) {
  const Record record = Sample(42, 9, 2, 3);
  const std::string line = RecordLine(record);
  ASSERT_EQ(line.back(), '\n');
  const auto read = ParseRecordLine(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, record);
}

TEST(Record, LineBreaksNeverSplitALine) {
  Record record = Sample(1, 1, 1, 1);
  record.table = "a\nb\rc";
  const std::string line = RecordLine(record);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(ParseRecordLine(line.substr(0, line.size() - 1))->table, "a b c");
}

TEST(Segment, TruncatedAtEveryByteGivesWholeGroupsOnly) {
  const std::string text = SampleSegment();
  const size_t header = HeaderLine().size();
  const size_t first = header + RecordLine(Sample(1, 1, 1, 1)).size();
  int seen = 0;
  for (size_t length = header; length <= text.size(); ++length) {
    const auto segment = ReadSegment(std::string_view(text).substr(0, length));
    ASSERT_TRUE(segment.has_value()) << "at " << length << ": " << segment.error().message;
    const size_t expected = length == text.size() ? 3 : length >= first ? 1 : 0;
    ASSERT_EQ(segment->records.size(), expected) << "at " << length;
    const size_t whole = expected == 3 ? text.size() : expected == 1 ? first : header;
    ASSERT_EQ(segment->torn_bytes, length - whole);
    ++seen;
  }
  EXPECT_GT(seen, 400);
}

TEST(Segment, AFlippedBitIsFoundAtEveryByte) {
  const std::string text = SampleSegment();
  for (size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = text;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto segment = ReadSegment(bad);
      ASSERT_FALSE(segment.has_value()) << "byte " << at << " bit " << bit;
      EXPECT_EQ(segment.error().reason, "Damaged");
    }
  }
}

TEST(Segment, RefusesANewerVersion) {
  Record header = Sample(1, 1, 1, 1);
  header.level = kLevelHeader;
  header.details = R"({"version":3})";
  const auto segment = ReadSegment(HeaderLine() + RecordLine(header));
  ASSERT_FALSE(segment.has_value());
  EXPECT_EQ(segment.error().reason, "NewerVersion");
  header.details = R"({"version":1})";
  EXPECT_TRUE(ReadSegment(HeaderLine() + RecordLine(header)).has_value());
}

TEST(Segment, RefusesRecordsOutOfTheirGroup) {
  EXPECT_FALSE(ReadSegment(HeaderLine() + RecordLine(Sample(1, 1, 2, 2))).has_value());
  EXPECT_FALSE(
      ReadSegment(HeaderLine() + RecordLine(Sample(1, 1, 1, 2)) + RecordLine(Sample(2, 2, 2, 2)))
          .has_value());
}

}  // namespace
}  // namespace kc::checkpoint
