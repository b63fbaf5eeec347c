#include "engine/udf/sphere.h"

#include <algorithm>

#include "engine/udf/json_text.h"

namespace kc::engine::udf {
namespace {

std::optional<Point> ParsePosition(std::string_view json) {
  const auto parts = JsonElements(json);
  if (parts.size() < 2 || KindOf(parts[0]) != JsonKind::kNumber ||
      KindOf(parts[1]) != JsonKind::kNumber) {
    return std::nullopt;
  }
  Point point{JsonToDouble(parts[0]), JsonToDouble(parts[1])};
  // Of shapes, longitudes beyond the date line are taken round the earth.
  if (std::fabs(point.longitude) > 180) point.longitude = std::remainder(point.longitude, 360);
  return IsValid(point) ? std::optional(point) : std::nullopt;
}

// At least two points, none equal to its predecessor.
std::optional<Line> ParseLine(std::string_view json) {
  Line line;
  for (const std::string_view element : JsonElements(json)) {
    const auto point = ParsePosition(element);
    if (!point) return std::nullopt;
    if (line.empty() || !(line.back() == *point)) line.push_back(*point);
  }
  return line.size() >= 2 ? std::optional(line) : std::nullopt;
}

std::optional<Polygon> ParsePolygon(std::string_view json) {
  Polygon polygon;
  for (const std::string_view ring_json : JsonElements(json)) {
    auto ring = ParseLine(ring_json);
    if (!ring || ring->size() < 4 || !(ring->front() == ring->back())) return std::nullopt;
    polygon.push_back(std::move(*ring));
  }
  return polygon.empty() ? std::nullopt : std::optional(polygon);
}

template <typename T, typename F>
bool ParseAll(std::string_view json, std::vector<T>& out, F parse) {
  for (const std::string_view element : JsonElements(json)) {
    auto one = parse(element);
    if (!one) return false;
    out.push_back(std::move(*one));
  }
  return !out.empty();
}

Vector3 Sum(const Vector3& a, const Vector3& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
Vector3 Times(const Vector3& a, double factor) {
  return {a.x * factor, a.y * factor, a.z * factor};
}

double Triple(const Vector3& a, const Vector3& b, const Vector3& c) {
  return Dot(a, Cross(b, c));
}

bool Crosses(const Vector3& a, const Vector3& b, const Vector3& c, const Vector3& d) {
  const double acb = Triple(a, c, b) > 0 ? 1 : -1, bda = Triple(b, d, a) > 0 ? 1 : -1;
  const double cbd = Triple(c, b, d) > 0 ? 1 : -1, dac = Triple(d, a, c) > 0 ? 1 : -1;
  return acb == bda && acb == cbd && acb == dac;
}

bool RingContains(const Line& ring, const Vector3& point) {
  std::vector<Vector3> vertices;
  Vector3 centre;
  for (const Point& p : ring) {
    vertices.push_back(ToVector(p));
    centre = Sum(centre, vertices.back());
  }
  if (Norm(centre) == 0) return false;
  centre = Unit(centre);
  // A point that is surely outside of the smaller side: a quarter of the globe away, if all
  // vertices are nearer than that.
  const Vector3 helper = std::fabs(centre.z) < 0.9 ? Vector3{0, 0, 1} : Vector3{1, 0, 0};
  Vector3 outside = Unit(Cross(centre, Unit(Sum(helper, Vector3{0.0123, 0.0071, 0.0035}))));
  double nearest = 1;
  for (const Vector3& v : vertices) nearest = std::min(nearest, Dot(v, centre));
  if (nearest <= 0) outside = Times(centre, -1);
  bool inside = false;
  for (size_t i = 0; i + 1 < vertices.size(); ++i) {
    if (Crosses(outside, point, vertices[i], vertices[i + 1])) inside = !inside;
  }
  return inside;
}

double RingArea(const Line& ring) {
  std::vector<Vector3> v;
  for (size_t i = 0; i + 1 < ring.size(); ++i) v.push_back(ToVector(ring[i]));
  double sum = 0;
  for (size_t i = 1; i + 1 < v.size(); ++i) {
    sum += 2 * std::atan2(Triple(v[0], v[i], v[i + 1]),
                          1 + Dot(v[0], v[i]) + Dot(v[i], v[i + 1]) + Dot(v[i + 1], v[0]));
  }
  const double area = std::fabs(sum);
  return std::min(area, 4 * std::numbers::pi - area) * kEarthRadius * kEarthRadius;
}

// The centre of mass of a spherical triangle, times its area (S2's formula).
Vector3 TriangleCentroid(const Vector3& a, const Vector3& b, const Vector3& c) {
  const auto ratio = [](const Vector3& u, const Vector3& v) {
    const double angle = Angle(u, v);
    return angle == 0 ? 1.0 : angle / std::sin(angle);
  };
  const double ra = ratio(b, c), rb = ratio(c, a), rc = ratio(a, b);
  const Vector3 x{a.x, b.x - a.x, c.x - a.x}, y{a.y, b.y - a.y, c.y - a.y};
  const Vector3 z{a.z, b.z - a.z, c.z - a.z}, r{ra, rb - ra, rc - ra};
  return Times({Dot(Cross(y, z), r), Dot(Cross(z, x), r), Dot(Cross(x, y), r)}, 0.5);
}

}  // namespace

bool IsValid(const Point& point) {
  return std::fabs(point.longitude) <= 180 && std::fabs(point.latitude) <= 90;
}

Vector3 ToVector(const Point& point) {
  const double lon = ToRadians(point.longitude), lat = ToRadians(point.latitude);
  return {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

Point ToPoint(const Vector3& v) {
  return {ToDegrees(std::atan2(v.y, v.x)), ToDegrees(std::atan2(v.z, std::hypot(v.x, v.y)))};
}

double Dot(const Vector3& a, const Vector3& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

Vector3 Cross(const Vector3& a, const Vector3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

double Norm(const Vector3& a) {
  return std::sqrt(Dot(a, a));
}

Vector3 Unit(const Vector3& a) {
  const double norm = Norm(a);
  return norm == 0 ? a : Times(a, 1 / norm);
}

double Angle(const Vector3& a, const Vector3& b) {
  return std::atan2(Norm(Cross(a, b)), Dot(a, b));
}

double Distance(const Point& a, const Point& b) {
  return Angle(ToVector(a), ToVector(b)) * kEarthRadius;
}

Vector3 ClosestOnSegment(const Vector3& point, const Vector3& a, const Vector3& b) {
  const Vector3 normal = Unit(Cross(a, b));
  const Vector3 foot = Unit(Sum(point, Times(normal, -Dot(point, normal))));
  const bool within = Dot(Cross(a, foot), normal) >= 0 && Dot(Cross(foot, b), normal) >= 0;
  if (within && Norm(foot) > 0) return foot;
  return Angle(point, a) <= Angle(point, b) ? a : b;
}

double DistanceToSegment(const Vector3& point, const Vector3& a, const Vector3& b) {
  return Angle(point, ClosestOnSegment(point, a, b)) * kEarthRadius;
}

bool SegmentsMeet(const Vector3& a, const Vector3& b, const Vector3& c, const Vector3& d) {
  // Closer than a micrometre is together.
  constexpr double kTogether = 1e-6;
  return Crosses(a, b, c, d) || DistanceToSegment(a, c, d) < kTogether ||
         DistanceToSegment(b, c, d) < kTogether || DistanceToSegment(c, a, b) < kTogether ||
         DistanceToSegment(d, a, b) < kTogether;
}

Vector3 Interpolate(const Vector3& a, const Vector3& b, double fraction) {
  const double angle = Angle(a, b);
  if (angle == 0) return a;
  const Vector3 across = Unit(Cross(Cross(a, b), a));
  return Unit(Sum(Times(a, std::cos(angle * fraction)), Times(across, std::sin(angle * fraction))));
}

std::optional<Shape> ParseGeoJson(std::string_view json) {
  const auto type = JsonMember(json, "type");
  const auto coordinates = JsonMember(json, "coordinates");
  if (!type || !coordinates) return std::nullopt;
  const std::string name = JsonUnquote(*type);
  Shape shape;
  bool valid = false;
  if (name == "Point") {
    const auto point = ParsePosition(*coordinates);
    valid = point.has_value();
    if (valid) shape.point = *point;
  } else if (name == "LineString" || name == "MultiLineString") {
    shape.kind = Shape::Kind::kLines;
    const std::string wrapped = "[" + std::string(*coordinates) + "]";
    valid = ParseAll(name == "LineString" ? wrapped : *coordinates, shape.lines, ParseLine);
  } else if (name == "Polygon" || name == "MultiPolygon") {
    shape.kind = Shape::Kind::kPolygons;
    const std::string wrapped = "[" + std::string(*coordinates) + "]";
    valid = ParseAll(name == "Polygon" ? wrapped : *coordinates, shape.polygons, ParsePolygon);
  }
  return valid ? std::optional(shape) : std::nullopt;
}

void AppendPosition(std::string& out, const Point& point) {
  out.push_back('[');
  AppendJsonReal(out, point.longitude);
  out.push_back(',');
  AppendJsonReal(out, point.latitude);
  out.push_back(']');
}

void AppendPositions(std::string& out, const Line& line) {
  JsonArrayWriter array(out);
  for (const Point& point : line) AppendPosition(array.Element(), point);
  array.Close();
}

bool Contains(const Polygon& polygon, const Point& point) {
  const Vector3 v = ToVector(point);
  for (size_t i = 0; i < polygon.size(); ++i) {
    if (RingContains(polygon[i], v) != (i == 0)) return false;
  }
  return true;
}

double Area(const Polygon& polygon) {
  double area = 0;
  for (size_t i = 0; i < polygon.size(); ++i) area += (i == 0 ? 1 : -1) * RingArea(polygon[i]);
  return area;
}

Vector3 Centroid(const Polygon& polygon) {
  Vector3 sum;
  for (size_t ring = 0; ring < polygon.size(); ++ring) {
    Vector3 part;
    const Vector3 first = ToVector(polygon[ring][0]);
    for (size_t i = 1; i + 2 < polygon[ring].size(); ++i) {
      part = Sum(part, TriangleCentroid(first, ToVector(polygon[ring][i]),
                                        ToVector(polygon[ring][i + 1])));
    }
    // The smaller side, whichever way the ring goes round.
    const double sign = (Dot(part, first) < 0 ? -1 : 1) * (ring == 0 ? 1 : -1);
    sum = Sum(sum, Times(part, sign));
  }
  return sum;
}

double Length(const Line& line) {
  double length = 0;
  for (size_t i = 0; i + 1 < line.size(); ++i) length += Distance(line[i], line[i + 1]);
  return length;
}

}  // namespace kc::engine::udf
