#include "engine/udf/h3_grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/udf/h3_base_cells.h"

namespace kc::engine::udf {
namespace {

constexpr int kFaces = 20;
constexpr double kPi = std::numbers::pi;
const double kSqrt7 = std::sqrt(7.0);
// Odd levels are turned by this against even ones.
const double kTurn = std::asin(std::sqrt(3.0 / 28));
// The distance of two cells of level 0 on the plane that touches a face's centre.
constexpr double kUnit = 0.381966011250105;

// The centres of the faces, and the azimuth of the first axis at each: the grid's definition.
constexpr H3Point kCenters[kFaces] = {
    {0.803582649718989942, 1.248397419617396099},   {1.307747883455638156, 2.536945009877921159},
    {1.054751253523952054, -1.347517358900396623},  {0.600191595538186799, -0.450603909469755746},
    {0.491715428198773866, 0.401988202911306943},   {0.172745327415618701, 1.678146885280433686},
    {0.605929321571350690, 2.953923329812411617},   {0.427370518328979641, -1.888876200336285401},
    {-0.079066118549212831, -0.733429513380867741}, {-0.230961644455383637, 0.506495587332349035},
    {0.079066118549212831, 2.408163140208925497},   {0.230961644455383637, -2.635097066257444203},
    {-0.172745327415618701, -1.463445768309359553}, {-0.605929321571350690, -0.187669323777381622},
    {-0.427370518328979641, 1.252716453253507838},  {-0.600191595538186799, 2.690988744120037492},
    {-0.491715428198773866, -2.739604450678486295}, {-0.803582649718989942, -1.893195233972397139},
    {-1.307747883455638156, -0.604647643711872080}, {-1.054751253523952054, 1.794075294689396615}};
constexpr double kAzimuths[kFaces] = {
    5.619958268523939882, 5.760339081714187279, 0.780213654393430055, 0.430469363979999913,
    6.130269123335111400, 2.692877706530642877, 2.982963003477243874, 3.532912002790141181,
    3.494305004259568154, 3.003214169499538391, 5.930472956509811562, 0.138378484090254847,
    0.448714947059150361, 0.158629650112549365, 5.891865957979238535, 2.711123289609793325,
    3.294508837434268316, 3.804819692245439833, 3.664438879055192436, 2.361378999196363184};

constexpr int kPentagons[] = {4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117};
constexpr int kBaseCellCount = 122;

bool IsPentagonBase(int base) {
  return std::find(std::begin(kPentagons), std::end(kPentagons), base) != std::end(kPentagons);
}

// ---- the plane: axes i, j, k at 120°, one of them always 0
// ---------------------------------------

struct Ijk {
  int64_t i = 0, j = 0, k = 0;
  bool operator==(const Ijk&) const = default;
};

Ijk Normal(int64_t i, int64_t j, int64_t k) {
  const int64_t least = std::min({i, j, k});
  return {i - least, j - least, k - least};
}
Ijk operator+(const Ijk& a, const Ijk& b) {
  return Normal(a.i + b.i, a.j + b.j, a.k + b.k);
}
Ijk operator-(const Ijk& a, const Ijk& b) {
  return Normal(a.i - b.i, a.j - b.j, a.k - b.k);
}
// A digit is 4 i + 2 j + k of a step.
Ijk StepOf(int digit) {
  return {digit >> 2 & 1, digit >> 1 & 1, digit & 1};
}

struct Vec2 {
  double x = 0, y = 0;
};
Vec2 PlaneOf(const Ijk& c) {
  const auto i = static_cast<double>(c.i - c.k), j = static_cast<double>(c.j - c.k);
  return {i - j / 2, j * std::sqrt(3.0) / 2};
}

Ijk NearestCell(const Vec2& v) {
  const double j = v.y * 2 / std::sqrt(3.0), i = v.x + j / 2;
  const double q = i - j, r = j, s = -q - r;
  double a = std::round(q), b = std::round(r);
  const double c = std::round(s);
  const double da = std::fabs(a - q), db = std::fabs(b - r), dc = std::fabs(c - s);
  if (da > db && da > dc) {
    a = -b - c;
  } else if (db > dc) {
    b = -a - c;
  }
  const auto whole_a = static_cast<int64_t>(a), whole_b = static_cast<int64_t>(b);
  return Normal(whole_a + whole_b, whole_b, 0);
}

// From a level to the one above, and back to its centre; levels turn to either side in turns.
Ijk Up(const Ijk& c, bool odd) {
  const auto i = static_cast<double>(c.i - c.k), j = static_cast<double>(c.j - c.k);
  return odd ? Normal(std::llround((3 * i - j) / 7), std::llround((i + 2 * j) / 7), 0)
             : Normal(std::llround((2 * i + j) / 7), std::llround((3 * j - i) / 7), 0);
}
Ijk Down(const Ijk& c, bool odd) {
  return odd ? Normal(3 * c.i + c.j, 3 * c.j + c.k, c.i + 3 * c.k)
             : Normal(3 * c.i + c.k, c.i + 3 * c.j, c.j + 3 * c.k);
}

// ---- the sphere ---------------------------------------------------------------------------------

struct Vec3 {
  double x, y, z;
};
Vec3 VectorOf(const H3Point& p) {
  return {std::cos(p.latitude) * std::cos(p.longitude),
          std::cos(p.latitude) * std::sin(p.longitude), std::sin(p.latitude)};
}
double Dot(const Vec3& a, const Vec3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
double Distance(const H3Point& a, const H3Point& b) {
  const Vec3 p = VectorOf(a), q = VectorOf(b);
  return std::hypot(p.x - q.x, p.y - q.y, p.z - q.z);
}

int NearestFace(const H3Point& point) {
  const Vec3 v = VectorOf(point);
  int best = 0;
  double most = -2;
  for (int face = 0; face < kFaces; ++face) {
    const double d = Dot(v, VectorOf(kCenters[face]));
    if (d > most) {
      most = d;
      best = face;
    }
  }
  return best;
}

double Azimuth(const H3Point& from, const H3Point& to) {
  const double east = to.longitude - from.longitude;
  return std::atan2(std::cos(to.latitude) * std::sin(east),
                    std::cos(from.latitude) * std::sin(to.latitude) -
                        std::sin(from.latitude) * std::cos(to.latitude) * std::cos(east));
}

Vec2 ToPlane(const H3Point& point, int level, int face) {
  const Vec3 v = VectorOf(point), c = VectorOf(kCenters[face]);
  const Vec3 cross = {v.y * c.z - v.z * c.y, v.z * c.x - v.x * c.z, v.x * c.y - v.y * c.x};
  double r = std::hypot(cross.x, cross.y, cross.z) / Dot(v, c) / kUnit;
  r *= std::pow(kSqrt7, level);
  double angle = kAzimuths[face] - Azimuth(kCenters[face], point);
  if (level % 2 == 1) angle -= kTurn;
  return {r * std::cos(angle), r * std::sin(angle)};
}

H3Point ToSphere(const Vec2& v, int level, int face) {
  const H3Point& center = kCenters[face];
  const double r = std::hypot(v.x, v.y);
  if (r < 1e-12) return center;
  double angle = std::atan2(v.y, v.x);
  if (level % 2 == 1) angle += kTurn;
  const double azimuth = kAzimuths[face] - angle;
  const double distance = std::atan(r / std::pow(kSqrt7, level) * kUnit);
  const double latitude =
      std::asin(std::clamp(std::sin(center.latitude) * std::cos(distance) +
                               std::cos(center.latitude) * std::sin(distance) * std::cos(azimuth),
                           -1.0, 1.0));
  const double east =
      std::atan2(std::sin(azimuth) * std::sin(distance) * std::cos(center.latitude),
                 std::cos(distance) - std::sin(center.latitude) * std::sin(latitude));
  return {latitude, std::remainder(center.longitude + east, 2 * kPi)};
}

// ---- digits -------------------------------------------------------------------------------------

constexpr int8_t kCounterClockwise[] = {0, 5, 3, 1, 6, 4, 2};
constexpr int8_t kClockwise[] = {0, 3, 6, 2, 5, 1, 4};

void Rotate(H3Cell& cell, const int8_t (&turn)[7]) {
  for (int i = 0; i < cell.level; ++i) cell.digits[i] = turn[cell.digits[i]];
}
int LeadingDigit(const H3Cell& cell) {
  for (int i = 0; i < cell.level; ++i) {
    if (cell.digits[i] != 0) return cell.digits[i];
  }
  return 0;
}

// The cell at coordinates of a face; nothing where the face's part of the grid ends.
std::optional<H3Cell> CellAt(Ijk at, int level, int face) {
  H3Cell cell;
  cell.level = level;
  for (int r = level; r > 0; --r) {
    const bool odd = r % 2 == 1;
    const Ijk above = Up(at, odd);
    const Ijk step = at - Down(above, odd);
    if (step.i > 1 || step.j > 1 || step.k > 1) return std::nullopt;
    cell.digits[r - 1] = static_cast<int8_t>(4 * step.i + 2 * step.j + step.k);
    at = above;
  }
  if (at.i > 2 || at.j > 2 || at.k > 2) return std::nullopt;
  const int packed = kH3BaseCells[face][9 * at.i + 3 * at.j + at.k] - 1;
  if (packed < 0) return std::nullopt;
  cell.base = packed / 12;
  const int turns = packed / 2 % 6;
  const bool pentagon = IsPentagonBase(cell.base);
  if (pentagon && LeadingDigit(cell) == 1) {
    Rotate(cell, packed % 2 == 1 ? kClockwise : kCounterClockwise);
  }
  for (int i = 0; i < turns; ++i) {
    Rotate(cell, kCounterClockwise);
    if (pentagon && LeadingDigit(cell) == 1) Rotate(cell, kCounterClockwise);
  }
  return cell;
}

// Where a cell lies on a face.
struct Placed {
  int face;
  Ijk at;
};

// All places that may be the cell's; those of a pentagon's cells have to be tried.
std::vector<Placed> PlacesOf(const H3Cell& cell) {
  std::vector<Placed> places;
  const bool pentagon = IsPentagonBase(cell.base);
  for (int face = 0; face < kFaces; ++face) {
    for (int index = 0; index < 27; ++index) {
      const int packed = kH3BaseCells[face][index] - 1;
      if (packed < 0 || packed / 12 != cell.base) continue;
      for (int turns = 0; turns < 6; ++turns) {
        if (!pentagon && turns != packed / 2 % 6) continue;
        H3Cell own = cell;
        for (int i = 0; i < turns; ++i) Rotate(own, kClockwise);
        Ijk at = {index / 9, index / 3 % 3, index % 3};
        for (int r = 1; r <= cell.level; ++r) {
          at = Down(at, r % 2 == 1) + StepOf(own.digits[r - 1]);
        }
        if (pentagon && CellAt(at, cell.level, face) != cell) continue;
        places.push_back({face, at});
      }
    }
  }
  return places;
}

// The place on the face that the cell's centre belongs to.
std::optional<Placed> PlaceOf(const H3Cell& cell) {
  std::optional<Placed> best;
  double least = 10;
  for (const Placed& place : PlacesOf(cell)) {
    const H3Point center = ToSphere(PlaneOf(place.at), cell.level, place.face);
    const double away = Distance(center, kCenters[place.face]);
    if (away < least) {
      least = away;
      best = place;
    }
  }
  return best;
}

// The n-th corner of the cell at a place.
H3Point Corner(const Placed& place, int level, int n) {
  Vec2 v = PlaneOf(place.at);
  const double angle = kPi / 6 + n * kPi / 3;
  v.x += std::cos(angle) / std::sqrt(3.0);
  v.y += std::sin(angle) / std::sqrt(3.0);
  return ToSphere(v, level, place.face);
}

bool IsPentagon(const H3Cell& cell) {
  return IsPentagonBase(cell.base) && LeadingDigit(cell) == 0;
}

}  // namespace

std::optional<H3Cell> ParseH3(std::string_view text) {
  if (text.empty() || text.size() > 16) return std::nullopt;
  uint64_t bits = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    bits = bits << 4 | static_cast<uint64_t>(digit);
  }
  // A reserved bit, the mode (1: a cell) and three more reserved bits, the level, the base cell.
  if (bits >> 56 != 0x08) return std::nullopt;
  H3Cell cell;
  cell.level = static_cast<int>(bits >> 52 & 15);
  cell.base = static_cast<int>(bits >> 45 & 127);
  if (cell.base >= kBaseCellCount) return std::nullopt;
  for (int r = 1; r <= kMaxH3Level; ++r) {
    const auto digit = static_cast<int8_t>(bits >> (3 * (kMaxH3Level - r)) & 7);
    if ((digit == 7) != (r > cell.level)) return std::nullopt;
    if (r <= cell.level) cell.digits[r - 1] = digit;
  }
  if (IsPentagonBase(cell.base) && LeadingDigit(cell) == 1) return std::nullopt;
  return cell;
}

std::string FormatH3(const H3Cell& cell) {
  uint64_t bits = uint64_t{0x08} << 56 | static_cast<uint64_t>(cell.level) << 52 |
                  static_cast<uint64_t>(cell.base) << 45;
  for (int r = 1; r <= kMaxH3Level; ++r) {
    const uint64_t digit = r <= cell.level ? static_cast<uint64_t>(cell.digits[r - 1]) : 7;
    bits |= digit << (3 * (kMaxH3Level - r));
  }
  std::string text(15, '0');
  for (int i = 14; i >= 0; --i, bits >>= 4) text[i] = "0123456789abcdef"[bits & 15];
  return text;
}

H3Cell H3CellOf(const H3Point& point, int level) {
  const int face = NearestFace(point);
  const auto cell = CellAt(NearestCell(ToPlane(point, level, face)), level, face);
  return cell.value_or(H3Cell{});
}

H3Point H3Center(const H3Cell& cell) {
  const auto place = PlaceOf(cell);
  return place ? ToSphere(PlaneOf(place->at), cell.level, place->face) : H3Point{};
}

H3Cell H3Parent(const H3Cell& cell, int level) {
  H3Cell parent = cell;
  parent.level = level;
  std::fill(parent.digits.begin() + level, parent.digits.end(), int8_t{0});
  return parent;
}

std::vector<H3Cell> H3Children(const H3Cell& cell, int level) {
  std::vector<H3Cell> cells = {cell};
  for (int r = cell.level + 1; r <= level; ++r) {
    std::vector<H3Cell> next;
    for (const H3Cell& parent : cells) {
      for (int8_t digit = 0; digit < 7; ++digit) {
        if (digit == 1 && IsPentagon(parent)) continue;
        H3Cell child = parent;
        child.level = r;
        child.digits[r - 1] = digit;
        next.push_back(child);
      }
    }
    cells = std::move(next);
  }
  return cells;
}

std::vector<H3Cell> H3Neighbors(const H3Cell& cell) {
  std::vector<H3Cell> neighbors;
  const auto place = PlaceOf(cell);
  if (!place) return neighbors;
  for (int digit = 1; digit < 7; ++digit) {
    // Where the neighbour's centre is; over the face's edge nearly so, which is enough.
    const Ijk at = place->at + StepOf(digit);
    const H3Cell neighbor = H3CellOf(ToSphere(PlaneOf(at), cell.level, place->face), cell.level);
    if (neighbor == cell ||
        std::find(neighbors.begin(), neighbors.end(), neighbor) != neighbors.end()) {
      continue;  // around a pentagon
    }
    neighbors.push_back(neighbor);
  }
  return neighbors;
}

std::optional<std::vector<H3Point>> H3Boundary(const H3Cell& cell) {
  const auto place = PlaceOf(cell);
  if (!place || IsPentagon(cell)) return std::nullopt;
  std::vector<H3Point> corners;
  for (int n = 0; n < 6; ++n) {
    corners.push_back(Corner(*place, cell.level, n));
    if (NearestFace(corners.back()) != place->face) return std::nullopt;
  }
  return corners;
}

}  // namespace kc::engine::udf
