// What .export to parquet writes, as DuckDB is told.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "local/export/exporter.h"

namespace kc::local {

// Paths, and the rows of each.
using WrittenFiles = std::vector<std::pair<std::string, int64_t>>;

// A value of a query as the documentation's table of types has it in Parquet. The value itself for
// types that are kept as they are stored.
std::string ParquetValue(const std::string& value, ScalarType type, bool microseconds);
// "FORMAT parquet, …": what concerns the file's inside.
std::string ParquetOptions(const ExportTask& task);
// Are the files only for programs like this one, so that they may be in its own form?
bool ForLocalReaders(const ExportTask& task);
// Where a file of the export ends: bytes as written.
int64_t FileLimit(const ExportProperties& properties);
// COPY (select) TO target (options).
Result<WrittenFiles> CopyTo(engine::Connection& connection, const std::string& select,
                            const std::string& target, const std::string& options);

}  // namespace kc::local
