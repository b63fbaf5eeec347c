// How names and values are written in command texts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/scalar.h"

namespace kc::kusto::commands {

// ['name'] always: right in queries and commands, whatever the name is.
std::string Name(std::string_view name);
// The rows of a table in a query: its name alone would mean a stored function that is called the
// same, and where a cluster's default scope is the hot cache, only what is in it.
std::string TableRows(std::string_view name);
// "…" with escapes.
std::string Text(std::string_view text);
// h"…": shown as *** in Kusto's own logs.
std::string Secret(std::string_view text);
// datetime(2026-11-22T06:30:00.1234567Z): seven digits.
std::string DateTime(int64_t ticks);
// "['a']:long, ['b c']:string"
std::string Columns(const std::vector<ColumnSchema>& columns);
// "id1,id2"
std::string Guids(const std::vector<std::string>& ids);

}  // namespace kc::kusto::commands
