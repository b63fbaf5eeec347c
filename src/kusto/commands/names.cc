#include "kusto/commands/names.h"

#include "base/text.h"
#include "base/ticks.h"

namespace kc::kusto::commands {

std::string TableRows(std::string_view name) {
  return "table(" + KqlStringLiteral(name) + ", \"all\")";
}

std::string Name(std::string_view name) {
  // ['…'] with the escapes of a string literal, which a name may hold in any place.
  std::string literal = KqlStringLiteral(name);  // "…"
  std::string inner = ReplaceAll(literal.substr(1, literal.size() - 2), "\\\"", "\"");
  return "['" + ReplaceAll(inner, "'", "\\'") + "']";
}

std::string Text(std::string_view text) {
  return KqlStringLiteral(text);
}

std::string Secret(std::string_view text) {
  return "h" + KqlStringLiteral(text);
}

std::string DateTime(int64_t ticks) {
  return "datetime(" + FormatDateTime(ticks) + ")";
}

std::string Columns(const std::vector<ColumnSchema>& columns) {
  std::string out;
  for (const ColumnSchema& column : columns) {
    out +=
        (out.empty() ? "" : ", ") + Name(column.name) + ":" + std::string(KustoName(column.type));
  }
  return out;
}

std::string Guids(const std::vector<std::string>& ids) {
  return Join(ids, ", ");
}

}  // namespace kc::kusto::commands
