// geo_*: S2 cells and WKT texts.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "base/text.h"
#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/sphere.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

// ---- S2
// -------------------------------------------------------------------------------------------

constexpr int kMaxLevel = 30;
constexpr int kPosToIj[4][4] = {{0, 1, 3, 2}, {0, 2, 3, 1}, {3, 2, 0, 1}, {3, 1, 0, 2}};
constexpr int kPosToOrientation[4] = {1, 0, 0, 3};

double StToUv(double s) {
  return s >= 0.5 ? (4 * s * s - 1) / 3 : (1 - 4 * (1 - s) * (1 - s)) / 3;
}
double UvToSt(double u) {
  return u >= 0 ? 0.5 * std::sqrt(1 + 3 * u) : 1 - 0.5 * std::sqrt(1 - 3 * u);
}

Vector3 FaceToVec(int face, double u, double v) {
  switch (face) {
    case 0:
      return {1, u, v};
    case 1:
      return {-u, 1, v};
    case 2:
      return {-u, -v, 1};
    case 3:
      return {-1, -v, -u};
    case 4:
      return {v, -1, -u};
    default:
      return {v, u, -1};
  }
}

int FaceOf(const Vector3& p, double* u, double* v) {
  const double x = std::fabs(p.x), y = std::fabs(p.y), z = std::fabs(p.z);
  int face = x > y ? (x > z ? 0 : 2) : (y > z ? 1 : 2);
  if ((face == 0 ? p.x : face == 1 ? p.y : p.z) < 0) face += 3;
  switch (face) {
    case 0:
      *u = p.y / p.x, *v = p.z / p.x;
      break;
    case 1:
      *u = -p.x / p.y, *v = p.z / p.y;
      break;
    case 2:
      *u = -p.x / p.z, *v = -p.y / p.z;
      break;
    case 3:
      *u = p.z / p.x, *v = p.y / p.x;
      break;
    case 4:
      *u = p.z / p.y, *v = -p.x / p.y;
      break;
    default:
      *u = -p.y / p.z, *v = -p.x / p.z;
  }
  return face;
}

int64_t ToIj(double st) {
  const auto limit = static_cast<double>(int64_t{1} << kMaxLevel);
  return static_cast<int64_t>(std::fmin(std::fmax(std::floor(st * limit), 0), limit - 1));
}

uint64_t CellOf(const Vector3& p, int level) {
  double u = 0, v = 0;
  const int face = FaceOf(p, &u, &v);
  const int64_t i = ToIj(UvToSt(u)), j = ToIj(UvToSt(v));
  auto id = static_cast<uint64_t>(face);
  int orientation = face & 1;
  for (int k = kMaxLevel - 1; k >= 0; --k) {
    const int ij = static_cast<int>((i >> k & 1) << 1 | (j >> k & 1));
    int pos = 0;
    while (kPosToIj[orientation][pos] != ij) ++pos;
    id = id << 2 | static_cast<uint64_t>(pos);
    orientation ^= kPosToOrientation[pos];
  }
  id = id << 1 | 1;
  const uint64_t lowest = uint64_t{1} << 2 * (kMaxLevel - level);
  return (id & (~lowest + 1)) | lowest;
}

struct S2Cell {
  int face = 0;
  int level = 0;
  int64_t i = 0, j = 0;  // of the level
};

std::optional<S2Cell> DecodeCell(std::string_view token) {
  if (token.empty() || token.size() > 16) return std::nullopt;
  uint64_t id = 0;
  const auto parsed = std::from_chars(token.data(), token.data() + token.size(), id, 16);
  if (parsed.ec != std::errc() || parsed.ptr != token.data() + token.size()) return std::nullopt;
  id <<= 4 * (16 - token.size());
  const uint64_t lowest = id & (~id + 1);
  S2Cell cell;
  cell.face = static_cast<int>(id >> 61);
  if (id == 0 || cell.face > 5 || (lowest & 0x1555555555555555ULL) == 0) return std::nullopt;
  cell.level = kMaxLevel - __builtin_ctzll(id) / 2;
  int orientation = cell.face & 1;
  for (int k = 0; k < cell.level; ++k) {
    const auto pos = static_cast<int>(id >> (61 - 2 * (k + 1)) & 3);
    const int ij = kPosToIj[orientation][pos];
    cell.i = cell.i << 1 | (ij >> 1);
    cell.j = cell.j << 1 | (ij & 1);
    orientation ^= kPosToOrientation[pos];
  }
  return cell;
}

// A point of the cell; (0,0) … (1,1) are its corners.
Vector3 PointOf(const S2Cell& cell, double di, double dj) {
  const double size = std::ldexp(1.0, -cell.level);
  const double s = (static_cast<double>(cell.i) + di) * size;
  const double t = (static_cast<double>(cell.j) + dj) * size;
  return Unit(FaceToVec(cell.face, StToUv(s), StToUv(t)));
}

void AppendToken(std::string& out, uint64_t id) {
  for (int shift = 60; shift >= 0; shift -= 4) {
    if (shift < 60 && (id << (60 - shift)) == 0) break;
    out += "0123456789abcdef"[id >> shift & 15];
  }
}

bool S2Token(std::string& out, double longitude, double latitude, int64_t level) {
  if (!IsValid({longitude, latitude}) || level < 0 || level > kMaxLevel) return false;
  AppendToken(out, CellOf(ToVector({longitude, latitude}), static_cast<int>(level)));
  return true;
}

// The cells of the same level that share an edge or a corner.
bool S2Neighbors(std::string& out, std::string_view token) {
  const auto cell = DecodeCell(token);
  if (!cell) return false;
  const double size = std::ldexp(1.0, -cell->level);
  // Beyond an edge of the cube: the cell just over it.
  const auto uv_of = [&](int64_t step) {
    constexpr double kBeyond = 1 + 1e-12;
    const double st = (static_cast<double>(step) + 0.5) * size;
    return st < 0 ? -kBeyond : st > 1 ? kBeyond : StToUv(st);
  };
  std::vector<uint64_t> seen = {CellOf(PointOf(*cell, 0.5, 0.5), cell->level)};
  JsonArrayWriter array(out);
  for (int di = -1; di <= 1; ++di) {
    for (int dj = -1; dj <= 1; ++dj) {
      const Vector3 at = Unit(FaceToVec(cell->face, uv_of(cell->i + di), uv_of(cell->j + dj)));
      const uint64_t id = CellOf(at, cell->level);
      if (std::find(seen.begin(), seen.end(), id) != seen.end()) continue;
      seen.push_back(id);
      std::string name;
      AppendToken(name, id);
      array.Quoted(name);
    }
  }
  array.Close();
  return true;
}

bool S2Polygon(std::string& out, std::string_view token) {
  const auto cell = DecodeCell(token);
  if (!cell) return false;
  static constexpr std::pair<int, int> kCorners[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}};
  out += R"({"type":"Polygon","coordinates":[[)";
  for (size_t k = 0; k < std::size(kCorners); ++k) {
    if (k > 0) out += ',';
    const Vector3 corner = PointOf(*cell, kCorners[k].first, kCorners[k].second);
    AppendPosition(out, ToPoint(corner));
  }
  out += "]]}";
  return true;
}

// ---- WKT
// ------------------------------------------------------------------------------------------

class WktReader {
 public:
  WktReader(std::string_view text, std::string& out) : text_(text), out_(out) {}
  bool ReadAll() { return Geometry(0) && (Blanks(), at_ == text_.size()); }

 private:
  static constexpr int kMaxDepth = 20;  // of collections
  void Blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  bool Accept(char c) {
    Blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool Number() {
    Blanks();
    double value = 0;
    const auto parsed = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (parsed.ec != std::errc()) return false;
    at_ = static_cast<size_t>(parsed.ptr - text_.data());
    AppendJsonReal(out_, value);
    return true;
  }
  bool Pair() {
    out_ += '[';
    if (!Number()) return false;
    out_ += ',';
    if (!Number()) return false;
    out_ += ']';
    return true;
  }
  // Lists in parentheses, `depth` deep, of pairs.
  bool List(int depth) {
    if (depth == 0) return Pair();
    if (!Accept('(')) return false;
    out_ += '[';
    do {
      if (out_.back() == ']') out_ += ',';
      if (!List(depth - 1)) return false;
    } while (Accept(','));
    out_ += ']';
    return Accept(')');
  }
  bool Geometry(int depth);

  std::string_view text_;
  std::string& out_;
  size_t at_ = 0;
};

bool WktReader::Geometry(int depth) {
  if (depth > kMaxDepth) return false;
  Blanks();
  const size_t begin = at_;
  while (at_ < text_.size() && ((text_[at_] | 0x20) >= 'a' && (text_[at_] | 0x20) <= 'z')) ++at_;
  const std::string word = ToLowerAscii(text_.substr(begin, at_ - begin));
  static constexpr struct {
    std::string_view word, type;
    int depth;
  } kTypes[] = {{"point", "Point", 0},
                {"linestring", "LineString", 1},
                {"polygon", "Polygon", 2},
                {"multipoint", "MultiPoint", 1},
                {"multilinestring", "MultiLineString", 2},
                {"multipolygon", "MultiPolygon", 3}};
  if (word == "geometrycollection") {
    out_ += R"({"type":"GeometryCollection","geometries":[)";
    if (!Accept('(')) return false;
    for (bool first = true; first || Accept(','); first = false) {
      if (!first) out_ += ',';
      if (!Geometry(depth + 1)) return false;
    }
    out_ += "]}";
    return Accept(')');
  }
  for (const auto& type : kTypes) {
    if (type.word != word) continue;
    out_ += "{\"type\":\"" + std::string(type.type) + "\",\"coordinates\":";
    const bool good = type.depth == 0 ? Accept('(') && Pair() && Accept(')') : List(type.depth);
    out_ += '}';
    return good;
  }
  return false;
}

}  // namespace

void AddGeoCells(Registrar& r) {
  r.Add("kql_s2cell",
        [](DynOut& out, double l, double p, int64_t level) { return S2Token(out, l, p, level); });
  r.Add("kql_s2cell_center", [](DynOut& out, Text token) {
    const auto cell = DecodeCell(token);
    if (!cell) return false;
    out.append(R"({"type":"Point","coordinates":)");
    AppendPosition(out, ToPoint(PointOf(*cell, 0.5, 0.5)));
    out += '}';
    return true;
  });
  r.Add("kql_s2cell_neighbors", [](DynOut& out, Text token) { return S2Neighbors(out, token); });
  r.Add("kql_s2cell_polygon", [](DynOut& out, Text token) { return S2Polygon(out, token); });
  r.Add("kql_geo_from_wkt", [](DynOut& out, Text text) { return WktReader(text, out).ReadAll(); });
}

}  // namespace kc::engine::udf
