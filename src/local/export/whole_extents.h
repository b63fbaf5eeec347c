// Exports of whole extents: what an extent's file holds in the form that is asked for is copied as
// it is, neither decoded nor encoded again.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "local/export/parquet_columns.h"

namespace kc::local {

// Into new files of `folder`. Nothing if the export isn't of that kind: the query must show columns
// of one stored table, of all rows of each extent that it reads, to Parquet with Zstandard on this
// machine. Columns that are computed or converted are written anew beside the others.
Result<std::optional<WrittenFiles>> WriteWholeExtents(const ExportTask& task,
                                                      const std::string& folder);

}  // namespace kc::local
