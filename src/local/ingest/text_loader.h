// Text, delimited or JSON, into rows of a table.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/ingest/byte_source.h"
#include "local/ingest/formats.h"
#include "local/ingest/mapping.h"
#include "local/ingest/row_builder.h"

namespace kc::local {

// The property validationPolicy. Kusto's numbers.
struct ValidationPolicy {
  // 0 none, 1 every record has as many fields as the first, 2 every record has the mapped columns.
  int options = 1;
  // 0 a violation fails the ingestion, 1 it is passed over (the record is taken as far as it goes).
  int implications = 0;
};

struct TextLoadOptions {
  DataFormat format = DataFormat::kCsv;
  std::vector<CellSource> sources;  // one per column of the rows
  bool ignore_first_record = false;
  ValidationPolicy validation;
  std::string location;  // what SourceLocation gives: the path without credentials
};

// Reads the whole source into `rows`; does not call Finish(). Returns the number of records.
// Errors: "Stream_WrongNumberOfFields", "Stream_ClosingQuoteMissing", "Stream_InputStreamTooLarge".
Result<int64_t> LoadDelimited(std::unique_ptr<ByteSource> source, const TextLoadOptions& options,
                              RowBuilder& rows);
// Json and multijson (json_loader.cc). A malformed line of json is passed over; a malformed
// document of multijson is an error, "BadRequest_InvalidBlob".
Result<int64_t> LoadJson(std::unique_ptr<ByteSource> source, const TextLoadOptions& options,
                         RowBuilder& rows);

}  // namespace kc::local
