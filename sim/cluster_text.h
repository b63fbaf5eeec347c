// Reading back the texts of kusto/commands. What isn't exactly of their form is a syntax error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kc::sim {

// Takes a text apart from left to right; each Take returns whether it was there.
class Scan {
 public:
  explicit Scan(std::string_view text) : rest_(text) {}
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }
  bool Take(std::string_view literal);
  // Skips what comes before the literal, and it; false (nothing skipped) if it doesn't come.
  bool SkipPast(std::string_view literal);
  // ['…'], or table("…", "all")
  std::optional<std::string> Name();
  // "…", h"…"
  std::optional<std::string> Text();
  // datetime(…), in ticks
  std::optional<int64_t> DateTime();
  std::optional<int64_t> Number();
  // Up to one of the characters, which stays.
  std::string_view Until(std::string_view characters);
  std::optional<std::string> Guid();

 private:
  std::optional<std::string> Quoted(char quote);
  std::string_view rest_;
};

// All names of a text, in order, each once.
std::vector<std::string> NamesIn(std::string_view text);
// (a, b, c) → the GUIDs in it.
std::vector<std::string> GuidsIn(std::string_view text);
// "…", "…" → the texts.
std::vector<std::string> TextsIn(std::string_view text);

// Rows of a table, as commands::RowsText writes them, and what follows.
struct Selection {
  std::string table;
  bool cursors = false, undated = false;
  int64_t after = 0, upto = 0;
  std::optional<int64_t> not_before, beyond;  // ticks: ≥, >
  std::vector<std::pair<int64_t, int64_t>> ranges;
  std::optional<std::vector<std::string>> hashed;  // columns of `extend kc_g0 = …`
  bool row_hash = false;                           // `extend kc_h = …` behind it
  int64_t modulus = 1, remainder = 0;
  std::vector<std::string> tags;
  // The operators after the rows' ones, without "| ".
  std::vector<std::string_view> rest;
};
std::optional<Selection> ReadSelection(std::string_view text);

}  // namespace kc::sim
