// geo_*(): geohashes, points, lines and polygons on the sphere.
#include <algorithm>
#include <limits>

#include "engine/udf/families.h"
#include "engine/udf/json_text.h"
#include "engine/udf/sphere.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

constexpr std::string_view kBase32 = "0123456789bcdefghjkmnpqrstuvwxyz";
constexpr int64_t kMaxGeohash = 18;

struct Cell {
  double west = -180, east = 180, south = -90, north = 90;
  Point Centre() const { return {(west + east) / 2, (south + north) / 2}; }
};

void AppendGeohash(std::string& out, const Point& point, int64_t length) {
  Cell cell;
  bool even = true;
  for (int64_t i = 0; i < length; ++i) {
    size_t digit = 0;
    for (int bit = 0; bit < 5; ++bit, even = !even) {
      const Point centre = cell.Centre();
      const bool upper =
          even ? point.longitude >= centre.longitude : point.latitude >= centre.latitude;
      digit = digit << 1 | (upper ? 1 : 0);
      double& low = even ? cell.west : cell.south;
      double& high = even ? cell.east : cell.north;
      (upper ? low : high) = even ? centre.longitude : centre.latitude;
    }
    out.push_back(kBase32[digit]);
  }
}

std::optional<Cell> CellOfGeohash(Text hash) {
  if (hash.empty() || hash.size() > static_cast<size_t>(kMaxGeohash)) return std::nullopt;
  Cell cell;
  bool even = true;
  for (const char c : hash) {
    const size_t digit = kBase32.find(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    if (digit == std::string_view::npos) return std::nullopt;
    for (int bit = 4; bit >= 0; --bit, even = !even) {
      const Point centre = cell.Centre();
      const bool upper = (digit >> bit & 1) != 0;
      double& low = even ? cell.west : cell.south;
      double& high = even ? cell.east : cell.north;
      (upper ? low : high) = even ? centre.longitude : centre.latitude;
    }
  }
  return cell;
}

bool Neighbours(std::string& out, Text hash) {
  const auto cell = CellOfGeohash(hash);
  if (!cell) return false;
  static constexpr int kSteps[][2] = {{-1, 0}, {-1, -1}, {0, -1}, {1, -1},
                                      {1, 1},  {1, 0},   {0, 1},  {-1, 1}};
  const Point centre = cell->Centre();
  JsonArrayWriter array(out);
  for (const auto& [dx, dy] : kSteps) {
    Point p{centre.longitude + dx * (cell->east - cell->west),
            centre.latitude + dy * (cell->north - cell->south)};
    if (std::fabs(p.latitude) > 90) continue;
    if (p.longitude > 180) p.longitude -= 360;
    if (p.longitude < -180) p.longitude += 360;
    std::string name;
    AppendGeohash(name, p, static_cast<int64_t>(hash.size()));
    array.Quoted(name);
  }
  array.Close();
  return true;
}

void AppendPoint(std::string& out, const Point& point) {
  out.append("{\"type\":\"Point\",\"coordinates\":");
  AppendPosition(out, point);
  out.push_back('}');
}

// All arcs of a shape, one after another.
template <typename F>
void ForEachSegment(const Shape& shape, F f) {
  const auto line_segments = [&](const Line& line) {
    for (size_t i = 0; i + 1 < line.size(); ++i) f(ToVector(line[i]), ToVector(line[i + 1]));
  };
  for (const Line& line : shape.lines) line_segments(line);
  for (const Polygon& polygon : shape.polygons) {
    for (const Line& ring : polygon) line_segments(ring);
  }
}

bool Inside(const Shape& shape, const Point& point) {
  return std::any_of(shape.polygons.begin(), shape.polygons.end(),
                     [&](const Polygon& p) { return Contains(p, point); });
}

std::optional<Shape> ParseKind(std::string_view json, Shape::Kind kind) {
  auto shape = ParseGeoJson(json);
  return shape && shape->kind == kind ? shape : std::nullopt;
}
std::optional<Shape> ParseLines(std::string_view json) {
  return ParseKind(json, Shape::Kind::kLines);
}
std::optional<Shape> ParsePolygons(std::string_view json) {
  return ParseKind(json, Shape::Kind::kPolygons);
}

Vector3 Closest(const Shape& shape, const Vector3& point) {
  double best = std::numeric_limits<double>::infinity();
  Vector3 closest;
  ForEachSegment(shape, [&](const Vector3& a, const Vector3& b) {
    const Vector3 candidate = ClosestOnSegment(point, a, b);
    const double distance = Angle(point, candidate);
    if (distance < best) {
      best = distance;
      closest = candidate;
    }
  });
  return closest;
}

bool Meet(const Shape& a, const Shape& b) {
  bool meet = false;
  ForEachSegment(a, [&](const Vector3& p, const Vector3& q) {
    ForEachSegment(
        b, [&](const Vector3& r, const Vector3& s) { meet = meet || SegmentsMeet(p, q, r, s); });
  });
  const auto first_point = [](const Shape& s) {
    return s.lines.empty() ? s.polygons[0][0][0] : s.lines[0][0];
  };
  return meet || Inside(a, first_point(b)) || Inside(b, first_point(a));
}

// What is only right for one polygon: several may overlap.
const Polygon& OnlyPolygon(const Shape& shape, const char* function) {
  if (shape.polygons.size() != 1) {
    throw UdfError(std::string(function) + "(): multipolygons are not supported by this engine");
  }
  return shape.polygons[0];
}

void AddGeohashes(Registrar& r) {
  r.Add("kql_geohash", [](StrOut& out, double lon, double lat, int64_t length) {
    if (IsValid({lon, lat}) && length >= 1 && length <= kMaxGeohash) {
      AppendGeohash(out, {lon, lat}, length);
    }
  });
  r.Add("kql_geohash_centre", [](DynOut& out, Text hash) {
    const auto cell = CellOfGeohash(hash);
    if (cell) AppendPoint(out, cell->Centre());
    return cell.has_value();
  });
  r.Add("kql_geohash_polygon", [](DynOut& out, Text hash) {
    const auto cell = CellOfGeohash(hash);
    if (!cell) return false;
    out.append("{\"type\":\"Polygon\",\"coordinates\":[");
    AppendPositions(out, {{cell->west, cell->south},
                          {cell->east, cell->south},
                          {cell->east, cell->north},
                          {cell->west, cell->north},
                          {cell->west, cell->south}});
    out.append("]}");
    return true;
  });
  r.Add("kql_geohash_neighbours", [](DynOut& out, Text hash) { return Neighbours(out, hash); });
}

void AddPoints(Registrar& r) {
  r.Add("kql_geo_distance",
        [](double lon1, double lat1, double lon2, double lat2) -> std::optional<double> {
          if (!IsValid({lon1, lat1}) || !IsValid({lon2, lat2})) return std::nullopt;
          return Distance({lon1, lat1}, {lon2, lat2});
        });
  r.Add("kql_geo_azimuth",
        [](double lon1, double lat1, double lon2, double lat2) -> std::optional<double> {
          if (!IsValid({lon1, lat1}) || !IsValid({lon2, lat2})) return std::nullopt;
          const double a = ToRadians(lat1), b = ToRadians(lat2), turn = ToRadians(lon2 - lon1);
          const double angle =
              std::atan2(std::sin(turn) * std::cos(b),
                         std::cos(a) * std::sin(b) - std::sin(a) * std::cos(b) * std::cos(turn));
          return angle < 0 ? angle + 2 * std::numbers::pi : angle;
        });
  r.Add("kql_geo_angle",
        [](double lon1, double lat1, double lon2, double lat2, double lon3,
           double lat3) -> std::optional<double> {
          const Point p{lon1, lat1}, q{lon2, lat2}, s{lon3, lat3};
          if (!IsValid(p) || !IsValid(q) || !IsValid(s)) return std::nullopt;
          return Angle(Cross(ToVector(p), ToVector(q)), Cross(ToVector(s), ToVector(q)));
        });
  r.Add("kql_geo_point_in_circle",
        [](double lon, double lat, double centre_lon, double centre_lat,
           double radius) -> std::optional<bool> {
          const Point point{lon, lat}, centre{centre_lon, centre_lat};
          if (!IsValid(point) || !IsValid(centre) || !(radius >= 0)) return std::nullopt;
          return Distance(point, centre) <= radius;
        });
  r.Add("kql_geo_point_in_polygon", [](double lon, double lat, Dyn json) -> std::optional<bool> {
    const auto shape = ParsePolygons(json.text);
    if (!shape || !IsValid({lon, lat})) return std::nullopt;
    return Inside(*shape, {lon, lat});
  });
}

void AddLines(Registrar& r) {
  r.Add("kql_geo_distance_to", [](double lon, double lat, Dyn json) -> std::optional<double> {
    const auto shape = ParseGeoJson(json.text);
    if (!shape || shape->kind == Shape::Kind::kPoint || !IsValid({lon, lat})) return std::nullopt;
    if (Inside(*shape, {lon, lat})) return 0.0;
    const Vector3 point = ToVector({lon, lat});
    return Angle(point, Closest(*shape, point)) * kEarthRadius;
  });
  r.Add("kql_geo_closest", [](DynOut& out, double lon, double lat, Dyn json) {
    const auto shape = ParseGeoJson(json.text);
    if (!shape || shape->kind == Shape::Kind::kPoint || !IsValid({lon, lat})) return false;
    const Vector3 point = ToVector({lon, lat});
    AppendPoint(out,
                Inside(*shape, {lon, lat}) ? Point{lon, lat} : ToPoint(Closest(*shape, point)));
    return true;
  });
  r.Add("kql_geo_line_length", [](Dyn json) -> std::optional<double> {
    const auto shape = ParseLines(json.text);
    if (!shape) return std::nullopt;
    double length = 0;
    for (const Line& line : shape->lines) length += Length(line);
    return length;
  });
  r.Add("kql_geo_line_centroid", [](DynOut& out, Dyn json) {
    const auto shape = ParseLines(json.text);
    if (!shape) return false;
    // The mean of the arcs' middles, each with its length.
    Vector3 sum;
    ForEachSegment(*shape, [&](const Vector3& a, const Vector3& b) {
      const Vector3 middle = Interpolate(a, b, 0.5);
      const double weight = 2 * std::sin(Angle(a, b) / 2);
      sum = {sum.x + middle.x * weight, sum.y + middle.y * weight, sum.z + middle.z * weight};
    });
    AppendPoint(out, ToPoint(sum));
    return true;
  });
  r.Add("kql_geo_line_interpolate", [](DynOut& out, Dyn json, double fraction) {
    const auto shape = ParseLines(json.text);
    if (!shape || shape->lines.size() != 1 || !(fraction >= 0 && fraction <= 1)) return false;
    const Line& line = shape->lines[0];
    double left = Length(line) * fraction;
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      const double length = Distance(line[i], line[i + 1]);
      if (left <= length || i + 2 == line.size()) {
        AppendPoint(out, ToPoint(Interpolate(ToVector(line[i]), ToVector(line[i + 1]),
                                             std::min(1.0, left / length))));
        return true;
      }
      left -= length;
    }
    return false;
  });
  r.Add("kql_geo_line_locate", [](Dyn json, double lon, double lat) -> std::optional<double> {
    const auto shape = ParseLines(json.text);
    if (!shape || shape->lines.size() != 1 || !IsValid({lon, lat})) return std::nullopt;
    const Line& line = shape->lines[0];
    const Vector3 point = ToVector({lon, lat});
    double best = std::numeric_limits<double>::infinity(), at = 0, before = 0;
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      const Vector3 a = ToVector(line[i]), b = ToVector(line[i + 1]);
      const Vector3 closest = ClosestOnSegment(point, a, b);
      if (Angle(point, closest) < best) {
        best = Angle(point, closest);
        at = before + Angle(a, closest) * kEarthRadius;
      }
      before += Angle(a, b) * kEarthRadius;
    }
    return at / before;
  });
}

void AddPolygons(Registrar& r) {
  r.Add("kql_geo_polygon_area", [](Dyn json) -> std::optional<double> {
    const auto shape = ParsePolygons(json.text);
    if (!shape) return std::nullopt;
    return Area(OnlyPolygon(*shape, "geo_polygon_area"));
  });
  r.Add("kql_geo_polygon_perimeter", [](Dyn json) -> std::optional<double> {
    const auto shape = ParsePolygons(json.text);
    if (!shape) return std::nullopt;
    double length = 0;
    for (const Line& ring : OnlyPolygon(*shape, "geo_polygon_perimeter")) length += Length(ring);
    return length;
  });
  r.Add("kql_geo_polygon_centroid", [](DynOut& out, Dyn json) {
    const auto shape = ParsePolygons(json.text);
    if (!shape) return false;
    AppendPoint(out, ToPoint(Centroid(OnlyPolygon(*shape, "geo_polygon_centroid"))));
    return true;
  });
  r.Add("kql_geo_intersects_lines", [](Dyn a, Dyn b) -> std::optional<bool> {
    const auto x = ParseLines(a.text), y = ParseLines(b.text);
    if (!x || !y) return std::nullopt;
    return Meet(*x, *y);
  });
  r.Add("kql_geo_intersects_line_polygon", [](Dyn a, Dyn b) -> std::optional<bool> {
    const auto x = ParseLines(a.text), y = ParsePolygons(b.text);
    if (!x || !y) return std::nullopt;
    return Meet(*x, *y);
  });
  r.Add("kql_geo_intersects_polygons", [](Dyn a, Dyn b) -> std::optional<bool> {
    const auto x = ParsePolygons(a.text), y = ParsePolygons(b.text);
    if (!x || !y) return std::nullopt;
    return Meet(*x, *y);
  });
}

}  // namespace

void AddGeo(Registrar& r) {
  AddGeohashes(r);
  AddPoints(r);
  AddLines(r);
  AddPolygons(r);
}

}  // namespace kc::engine::udf
