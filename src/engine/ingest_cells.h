// Texts as Kusto's ingestion keeps them in string and dynamic columns. Used by the readers of text
// formats and, as functions of DuckDB, for Parquet and for rows of queries. Pure; safe from any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kc::engine {

// Kusto's limit of one value, and what the encoding policies BigObject and BigObject32 raise it to:
// longer strings are cut, larger dynamics become null.
inline constexpr size_t kMaxValueBytes = size_t{1} << 20;
inline constexpr size_t kMaxBigValueBytes = size_t{32} << 20;

// Valid UTF-8 of at most `limit` bytes, cut between code points. `scratch` holds the result when it
// isn't a piece of `text`.
std::string_view StringCell(std::string_view text, size_t limit, std::string& scratch);

// A dynamic from text: JSON in normal form if the text is JSON, else the text as a JSON string, in
// `scratch`. False (null) for blanks, "null", and what is larger than `limit`.
bool DynamicCell(std::string_view text, size_t limit, std::string& scratch);

// Would DynamicCell give just this text? It must be valid UTF-8.
bool IsDynamicCell(std::string_view text, size_t limit);

}  // namespace kc::engine
