// Splits text formats into records of fields. Knows nothing of types: see row_builder.h. One thread
// at a time.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "local/ingest/byte_source.h"
#include "local/ingest/formats.h"

namespace kc::local {

class RecordReader {
 public:
  virtual ~RecordReader() = default;
  // The next record's fields, valid until the next call; false at the end. Empty lines are no
  // records. Errors: kStop with reason "Stream_ClosingQuoteMissing", "Stream_InputStreamTooLarge",
  // or what the source gave.
  virtual Result<bool> Next(std::vector<std::string_view>* fields) = 0;
  // The line (from 1) on which the last record began.
  virtual int64_t line() const = 0;
};

// For csv, tsv, tsve, psv, scsv, sohsv, txt and raw. RFC 4180 with the format's delimiter: a field
// whose first character is a quote ends at the closing one, quotes are doubled inside; anywhere
// else a quote is a plain character. tsve has no quotes but escapes: \t \n \r \\.
std::unique_ptr<RecordReader> MakeRecordReader(DataFormat format,
                                               std::unique_ptr<ByteSource> source);

}  // namespace kc::local
