// Files that are ingested. The first byte is the format, the second the mapping; gzip is told by
// the content, as in the product.
#include <array>

#include "engine/udf/registry.h"
#include "fuzz/fuzz.h"
#include "local/ingest/mapping.h"
#include "local/ingest/text_loader.h"

#ifdef KC_FUZZ
// The fuzzing build leaves out the functions of KQL, which are registered with a database: none is
// opened here.
kc::Status kc::engine::udf::RegisterAll(Connection&) {
  return {};
}
#endif

namespace {

using kc::local::DataFormat;

std::vector<kc::ColumnSchema> Columns() {
  using enum kc::ScalarType;
  return {{"b", kBool},     {"i", kInt},      {"l", kLong}, {"r", kReal},   {"m", kDecimal},
          {"d", kDateTime}, {"t", kTimeSpan}, {"g", kGuid}, {"s", kString}, {"x", kDynamic}};
}

constexpr size_t kMaxValue = 1 << 10;

class Counter : public kc::local::ChunkSink {
 public:
  kc::Status Append(const kc::engine::ChunkBuilder&, size_t rows) override {
    rows_ += static_cast<int64_t>(rows);
    return {};
  }
  int64_t rows() const { return rows_; }

 private:
  int64_t rows_ = 0;
};

std::vector<kc::local::CellSource> SourcesOf(uint8_t choice, DataFormat format) {
  const auto columns = Columns();
  if (choice % 3 == 0) return kc::local::IdentityMapping(columns, format);
  const char* text = kc::local::IsDelimited(format)
                         ? R"([{"Column":"s","Properties":{"Ordinal":"0"}},
                               {"Column":"d","Properties":{"Ordinal":"1",
                                 "Transform":"DateTimeFromUnixSeconds"}},
                               {"Column":"x","Properties":{"Ordinal":"2"}}])"
                         : R"([{"Column":"s","Properties":{"Path":"$.a[0]['b c']"}},
                               {"Column":"d","Properties":{"Path":"$.t",
                                 "Transform":"DateTimeFromUnixMilliseconds"}},
                               {"Column":"l","Properties":{"Path":"$",
                                 "Transform":"SourceLineNumber"}},
                               {"Column":"x","Properties":{"Path":"$",
                                 "Transform":"DropMappedFields"}}])";
  const auto mapped = kc::local::ParseMapping(text, format);
  kc::fuzz::Demand(mapped.has_value(), "the mapping parses");
  const auto bound = kc::local::BindMapping(columns, *mapped);
  kc::fuzz::Demand(bound.has_value(), "the mapping fits");
  return *bound;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static constexpr std::array kFormats = {
      DataFormat::kCsv,  DataFormat::kTsv,      DataFormat::kTsve, DataFormat::kPsv,
      DataFormat::kScsv, DataFormat::kSohsv,    DataFormat::kTxt,  DataFormat::kRaw,
      DataFormat::kJson, DataFormat::kMultiJson};
  if (size < 2) return 0;
  kc::local::TextLoadOptions options;
  options.format = kFormats[data[0] % kFormats.size()];
  options.ignore_first_record = data[0] >= 128;
  options.sources = SourcesOf(data[1], options.format);
  options.validation.options = data[1] % 5 % 3;
  options.validation.implications = data[1] % 7 % 2;
  const std::string_view text = kc::fuzz::Text(data + 2, size - 2);
  // A mapping is a user's text as well.
  (void)kc::local::ParseMapping(text, options.format);
  std::vector<kc::local::TargetColumn> targets;
  for (auto& column : Columns()) targets.push_back({column, kMaxValue});
  Counter counter;
  kc::local::RowBuilder rows(std::move(targets), counter);
  auto source = kc::local::Unpacked(kc::local::MemoryBytes(std::string(text)));
  if (!source) return 0;
  const auto loaded = kc::local::IsDelimited(options.format)
                          ? kc::local::LoadDelimited(std::move(*source), options, rows)
                          : kc::local::LoadJson(std::move(*source), options, rows);
  if (loaded && rows.Finish()) {
    kc::fuzz::Demand(counter.rows() == rows.rows(), "no row is lost");
    kc::fuzz::Demand(counter.rows() <= *loaded, "no row is made up");
  }
  return 0;
}
