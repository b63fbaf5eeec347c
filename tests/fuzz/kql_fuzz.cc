// KQL texts: tokens, trees.
#include "fuzz/fuzz.h"
#include "kql/lexer.h"
#include "kql/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = kc::fuzz::Text(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      (void)kc::kql::ParseExpression(text);
      break;
    case 1:
      (void)kc::kql::ParseFunctionBody(text);
      (void)kc::kql::ParseParameters(text);
      break;
    case 2:
      (void)kc::kql::ParseColumns(text);
      break;
    default:
      break;
  }
  (void)kc::kql::Lex(text);
  (void)kc::kql::Parse(text);
  return 0;
}
