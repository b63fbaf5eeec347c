// The names of the data formats that ingestion and export know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kc::local {

enum class DataFormat : uint8_t {
  kCsv,
  kTsv,
  kTsve,
  kPsv,
  kScsv,
  kSohsv,
  kTxt,
  kRaw,
  kJson,
  kMultiJson,
  kParquet,
};

// Case-insensitive ("csv", "MultiJSON", "singlejson" …). Nothing for formats that Kusto knows and
// this program doesn't (avro, orc …) as for any other text.
std::optional<DataFormat> ParseDataFormat(std::string_view name);
// By the suffix of a path, ".gz" and ".zip" removed: "a/b.parquet" → kParquet; csv if it says
// nothing.
DataFormat FormatOfPath(std::string_view path);
inline bool IsDelimited(DataFormat format) {
  return format <= DataFormat::kRaw;
}
// The character between fields; '\0' for txt and raw.
char Delimiter(DataFormat format);

}  // namespace kc::local
