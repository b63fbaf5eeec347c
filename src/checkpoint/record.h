// One row of the checkpoint and its text (docs/formats/checkpoint.md). Pure, safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"

namespace kc::checkpoint {

// The format's version; a reader refuses newer ones. 2: the manifest has a checksum and the length
// of its segment; version 1 is read.
inline constexpr int kFormatVersion = 2;

// What a record is about. The names are what KC_Status() shows.
inline constexpr std::string_view kLevelHeader = "Header";
inline constexpr std::string_view kLevelCopy = "Copy";
inline constexpr std::string_view kLevelIteration = "Iteration";
inline constexpr std::string_view kLevelTable = "Table";
inline constexpr std::string_view kLevelBlock = "Block";
inline constexpr std::string_view kLevelStaging = "Staging";
inline constexpr std::string_view kLevelWatermark = "Watermark";

// The last record of a key (level, iteration, table, block) is the one that holds.
struct Record {
  std::string level;
  int64_t iteration = 0;  // 0: not of an iteration
  std::string end_cursor;
  std::string table;
  std::string block;
  std::string state;
  int64_t created = 0;  // ticks, UTC
  int64_t updated = 0;
  std::string details;  // JSON in one line

  // Given by the journal: which owner wrote it, its number in the whole history, and its place
  // `index` (1 … `count`) in group `group`: the records of a group hold together or not at all.
  int64_t generation = 0;
  int64_t sequence = 0;
  int64_t group = 0;
  int index = 1;
  int count = 1;

  std::string Key() const;
  bool operator==(const Record&) const = default;
};

// The columns of the CSV, in order.
std::vector<ColumnSchema> RecordColumns();
// The first line of a segment: the columns' names.
std::string HeaderLine();
// One line with its checksum and '\n'. Line breaks inside fields become blanks.
std::string RecordLine(const Record& record);
// kStop "Damaged" if the line (without '\n') isn't one that RecordLine made.
Result<Record> ParseRecordLine(std::string_view line);

struct Segment {
  std::vector<Record> records;
  // Bytes at the end that belong to an append that never completed (0: none).
  size_t torn_bytes = 0;
};
// All whole groups of a segment. An incomplete last line or last group is left out (`torn_bytes`);
// anything else that doesn't read is kStop "Damaged" with the line's number; a newer format is
// kStop "NewerVersion".
Result<Segment> ReadSegment(std::string_view text);

}  // namespace kc::checkpoint
