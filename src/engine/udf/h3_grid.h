// The H3 grid: hexagons on the faces of an icosahedron. Addresses of cells are 64-bit numbers, the
// same as everybody's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kc::engine::udf {

inline constexpr int kMaxH3Level = 15;

struct H3Point {  // radians
  double latitude = 0;
  double longitude = 0;
};

// A cell taken apart: the base cell, then the digit (0 … 6) of each level.
struct H3Cell {
  int base = 0;
  int level = 0;
  std::array<int8_t, kMaxH3Level> digits{};
  bool operator==(const H3Cell&) const = default;
};

// Nothing if the text is no address of a cell.
std::optional<H3Cell> ParseH3(std::string_view text);
std::string FormatH3(const H3Cell& cell);

H3Cell H3CellOf(const H3Point& point, int level);
H3Point H3Center(const H3Cell& cell);
// `level` must be the cell's or above.
H3Cell H3Parent(const H3Cell& cell, int level);
// In order of their addresses. `level` must be the cell's or below.
std::vector<H3Cell> H3Children(const H3Cell& cell, int level);
// The cells that touch this one: six, five around a pentagon.
std::vector<H3Cell> H3Neighbors(const H3Cell& cell);
// The corners, counter-clockwise. Nothing for pentagons and for cells that lie across an edge of
// the icosahedron: those are not computed here.
std::optional<std::vector<H3Point>> H3Boundary(const H3Cell& cell);

}  // namespace kc::engine::udf
