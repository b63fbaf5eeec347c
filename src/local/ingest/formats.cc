#include "local/ingest/formats.h"

#include "base/text.h"

namespace kc::local {
namespace {

struct Entry {
  DataFormat format;
  std::string_view name;
  char delimiter;
};
constexpr Entry kFormats[] = {
    {DataFormat::kCsv, "csv", ','},          {DataFormat::kTsv, "tsv", '\t'},
    {DataFormat::kTsve, "tsve", '\t'},       {DataFormat::kPsv, "psv", '|'},
    {DataFormat::kScsv, "scsv", ';'},        {DataFormat::kSohsv, "sohsv", '\x01'},
    {DataFormat::kTxt, "txt", '\0'},         {DataFormat::kRaw, "raw", '\0'},
    {DataFormat::kJson, "json", '\0'},       {DataFormat::kMultiJson, "multijson", '\0'},
    {DataFormat::kParquet, "parquet", '\0'},
};

}  // namespace

std::optional<DataFormat> ParseDataFormat(std::string_view name) {
  if (EqualsIgnoreCase(name, "singlejson")) return DataFormat::kJson;
  for (const Entry& entry : kFormats) {
    if (EqualsIgnoreCase(name, entry.name)) return entry.format;
  }
  return std::nullopt;
}

DataFormat FormatOfPath(std::string_view path) {
  std::string lower = ToLowerAscii(path);
  std::string_view name = lower;
  for (std::string_view suffix : {".gz", ".zip"}) {
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  }
  size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return DataFormat::kCsv;
  return ParseDataFormat(name.substr(dot + 1)).value_or(DataFormat::kCsv);
}

char Delimiter(DataFormat format) {
  return kFormats[static_cast<size_t>(format)].delimiter;
}

}  // namespace kc::local
