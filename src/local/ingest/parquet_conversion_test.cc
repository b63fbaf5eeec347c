#include <gtest/gtest.h>

#include "local/ingest/parquet_loader.h"

namespace kc::local {
namespace {

// The documentation's table: for each Parquet type the columns that it converts to.
struct Line {
  const char* type;  // DuckDB's name of it
  bool in_bytes;
  const char*
      allowed;  // b(ool) i(nt) l(ong) r(eal) m(decimal) d(atetime) t(imespan) s g x(dynamic)
};
constexpr Line kTable[] = {
    {"TINYINT", false, "bilrms"},
    {"SMALLINT", false, "bilrms"},
    {"INTEGER", false, "bilrms"},
    {"BIGINT", false, "bilrms"},
    {"UTINYINT", false, "bilrms"},
    {"USMALLINT", false, "bilrms"},
    {"UINTEGER", false, "bilrms"},
    {"UBIGINT", false, "bilms"},
    {"FLOAT", false, "bilrms"},
    {"DOUBLE", false, "bilrms"},
    {"BOOLEAN", false, "bms"},
    {"DECIMAL(5,2)", false, "bilrms"},
    {"DECIMAL(38,10)", true, "lrms"},
    {"TIMESTAMP", false, "ds"},
    {"TIMESTAMP_MS", false, "ds"},
    {"TIMESTAMP_NS", false, "ds"},
    {"TIMESTAMP WITH TIME ZONE", false, "ds"},
    {"DATE", false, "ds"},
    {"VARCHAR", false, "ilrmsx"},
    {"UUID", false, "sg"},
    {"JSON", false, "sx"},
    {"INTEGER[]", false, "x"},
    {"STRUCT(a INTEGER)", false, "x"},
    {"MAP(VARCHAR, INTEGER)", false, "x"},
    {"TIME", false, ""},
    {"INTERVAL", false, ""},
};
constexpr std::pair<char, ScalarType> kColumns[] = {
    {'b', ScalarType::kBool},     {'i', ScalarType::kInt},     {'l', ScalarType::kLong},
    {'r', ScalarType::kReal},     {'m', ScalarType::kDecimal}, {'d', ScalarType::kDateTime},
    {'t', ScalarType::kTimeSpan}, {'s', ScalarType::kString},  {'g', ScalarType::kGuid},
    {'x', ScalarType::kDynamic},
};

TEST(ParquetConversion, IsTheDocumentationsTableAndNoBetter) {
  for (const Line& line : kTable) {
    for (const auto& [letter, type] : kColumns) {
      TargetColumn target{{"c", type}, size_t{1} << 20};
      bool allowed = std::string_view(line.allowed).find(letter) != std::string_view::npos;
      EXPECT_EQ(!ParquetConversion("v", line.type, line.in_bytes, target).empty(), allowed)
          << line.type << " to " << KustoName(type);
    }
  }
}

}  // namespace
}  // namespace kc::local
