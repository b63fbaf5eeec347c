// geo_h3cell_*: cells of the H3 grid.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "engine/udf/families.h"
#include "engine/udf/h3_grid.h"
#include "engine/udf/json_text.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
// Kusto's limits.
constexpr int64_t kMaxLevelsDown = 5;
constexpr int64_t kMaxRings = 142;

void AppendPoint(std::string& out, const H3Point& p) {
  out.push_back('[');
  AppendJsonReal(out, p.longitude / kDegree);
  out.push_back(',');
  AppendJsonReal(out, p.latitude / kDegree);
  out.push_back(']');
}

void CellOfPoint(StrOut& out, double longitude, double latitude, int64_t level) {
  if (!(std::fabs(longitude) <= 180) || !(std::fabs(latitude) <= 90) || level < 0 ||
      level > kMaxH3Level) {
    return;
  }
  out += FormatH3(H3CellOf({latitude * kDegree, longitude * kDegree}, static_cast<int>(level)));
}

bool CenterPoint(DynOut& out, Text text) {
  const auto cell = ParseH3(text);
  if (!cell) return false;
  out += R"({"type":"Point","coordinates":)";
  AppendPoint(out, H3Center(*cell));
  out.push_back('}');
  return true;
}

bool Polygon(DynOut& out, Text text) {
  const auto cell = ParseH3(text);
  if (!cell) return false;
  auto corners = H3Boundary(*cell);
  if (!corners) {
    throw UdfError("geo_h3cell_to_polygon(): the cell '" + std::string(text) +
                   "' lies on an edge of the grid's faces, which is not supported");
  }
  corners->push_back(corners->front());
  out += R"({"type":"Polygon","coordinates":[)";
  JsonArrayWriter ring(out);
  for (const H3Point& corner : *corners) AppendPoint(ring.Element(), corner);
  ring.Close();
  out += "]}";
  return true;
}

bool Children(DynOut& out, Text text, std::optional<int64_t> level) {
  const auto cell = ParseH3(text);
  if (!cell) return false;
  const int64_t down = level.value_or(cell->level + 1);
  if (down < cell->level || down > kMaxH3Level || down - cell->level > kMaxLevelsDown) return false;
  JsonArrayWriter children(out);
  for (const H3Cell& child : H3Children(*cell, static_cast<int>(down))) {
    children.Quoted(FormatH3(child));
  }
  children.Close();
  return true;
}

void Parent(StrOut& out, Text text, std::optional<int64_t> level) {
  const auto cell = ParseH3(text);
  if (!cell) return;
  const int64_t up = level.value_or(cell->level - 1);
  if (up < 0 || up > cell->level) return;
  out += FormatH3(H3Parent(*cell, static_cast<int>(up)));
}

// The cells at each distance, from 0 on.
std::vector<std::vector<H3Cell>> RingsOf(const H3Cell& cell, int64_t distance) {
  std::vector<std::vector<H3Cell>> rings = {{cell}};
  std::set<std::string> seen = {FormatH3(cell)};
  for (int64_t i = 0; i < distance; ++i) {
    std::vector<H3Cell> next;
    for (const H3Cell& inner : rings.back()) {
      for (const H3Cell& neighbor : H3Neighbors(inner)) {
        if (seen.insert(FormatH3(neighbor)).second) next.push_back(neighbor);
      }
    }
    rings.push_back(std::move(next));
  }
  return rings;
}

void WriteCells(std::string& out, const std::vector<H3Cell>& cells) {
  JsonArrayWriter writer(out);
  for (const H3Cell& cell : cells) writer.Quoted(FormatH3(cell));
  writer.Close();
}

bool Rings(DynOut& out, Text text, int64_t distance) {
  const auto cell = ParseH3(text);
  if (!cell || distance < 0 || distance > kMaxRings) return false;
  JsonArrayWriter writer(out);
  for (const auto& ring : RingsOf(*cell, distance)) WriteCells(writer.Element(), ring);
  writer.Close();
  return true;
}

bool Neighbors(DynOut& out, Text text) {
  const auto cell = ParseH3(text);
  if (!cell) return false;
  WriteCells(out, H3Neighbors(*cell));
  return true;
}

std::optional<int64_t> Level(Text text) {
  const auto cell = ParseH3(text);
  if (!cell) return std::nullopt;
  return cell->level;
}

}  // namespace

void AddGeoH3(Registrar& r) {
  r.Add("kql_h3cell", [](StrOut& out, double longitude, double latitude, int64_t level) {
    CellOfPoint(out, longitude, latitude, level);
  });
  r.Add("kql_h3cell_center", [](DynOut& out, Text cell) { return CenterPoint(out, cell); });
  r.Add("kql_h3cell_polygon", [](DynOut& out, Text cell) { return Polygon(out, cell); });
  r.Add("kql_h3cell_level", [](Text cell) { return Level(cell); });
  r.Add("kql_h3cell_children", [](DynOut& out, Text cell, std::optional<int64_t> level) {
    return Children(out, cell, level);
  });
  r.Add("kql_h3cell_parent",
        [](StrOut& out, Text cell, std::optional<int64_t> level) { Parent(out, cell, level); });
  r.Add("kql_h3cell_rings",
        [](DynOut& out, Text cell, int64_t distance) { return Rings(out, cell, distance); });
  r.Add("kql_h3cell_neighbors", [](DynOut& out, Text cell) { return Neighbors(out, cell); });
}

}  // namespace kc::engine::udf
