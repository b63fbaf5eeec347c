// The with (…) properties of .export. Values.
// Source: learn.microsoft.com, "Export data to cloud storage".
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "local/commands/command.h"

namespace kc::local {

enum class ExportFormat { kCsv, kTsv, kJson, kParquet };
enum class ExportHeaders { kNone, kAll, kFirstFile };

struct ExportProperties {
  ExportFormat format = ExportFormat::kCsv;
  bool compressed = false;
  std::string codec = "gzip";  // of compressed text always gzip; of Parquet DuckDB's name
  ExportHeaders headers = ExportHeaders::kNone;
  std::string name_prefix = "export";
  std::string extension;  // with the dot, ".gz" included
  bool byte_order_mark = false;
  bool one_writer = false;  // distribution=single or per_node: this cluster is one node
  bool persist_details = true;
  int64_t size_limit = int64_t{100} << 20;  // of an artifact, bytes before compression
  int64_t row_group_rows = 0;               // 0: not given
  bool microseconds = false;                // parquetDatetimePrecision
};

Result<ExportProperties> ReadExportProperties(const Command& command);

}  // namespace kc::local
