// Answers of a cluster, v1, v2 and errors. The first byte chooses.
#include "fuzz/fuzz.h"
#include "kusto/answers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = kc::fuzz::Text(data + 1, size - 1);
  const auto check = [](const kc::Result<kc::kusto::Answer>& answer) {
    if (!answer) return;
    kc::fuzz::Demand(!answer->tables.empty(), "an answer has a primary result");
    for (const auto& table : answer->tables) {
      for (const auto& row : table.rows) {
        kc::fuzz::Demand(row.size() == table.columns.size(), "a row has a value for each column");
      }
    }
  };
  switch (data[0] % 4) {
    case 0:
      check(kc::kusto::DecodeV1(text));
      break;
    case 1:
      check(kc::kusto::DecodeV2(text));
      break;
    default: {
      // "<Retry-After>\n<body>"
      const size_t line = std::min(text.find('\n'), text.size());
      const auto error = kc::kusto::DecodeHttpError(
          data[0] % 4 == 2 ? 503 : 400, text.substr(std::min(line + 1, text.size())),
          text.substr(0, line), 638'000'000'000'000'000, data[0] >= 128);
      (void)error;
    }
  }
  return 0;
}
