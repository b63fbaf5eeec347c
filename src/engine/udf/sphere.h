// Points and lines on a sphere: what the geo_*() functions share. Angles in degrees, lengths in
// metres.
#pragma once

#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kc::engine::udf {

// The mean radius that Kusto's library (S2) takes the Earth to have.
inline constexpr double kEarthRadius = 6371010.0;

struct Point {
  double longitude = 0;
  double latitude = 0;
  bool operator==(const Point&) const = default;
};
// A unit vector.
struct Vector3 {
  double x = 0, y = 0, z = 0;
};

inline double ToRadians(double degrees) {
  return degrees * (std::numbers::pi / 180);
}
inline double ToDegrees(double radians) {
  return radians * (180 / std::numbers::pi);
}
bool IsValid(const Point& point);

Vector3 ToVector(const Point& point);
Point ToPoint(const Vector3& vector);
double Dot(const Vector3& a, const Vector3& b);
Vector3 Cross(const Vector3& a, const Vector3& b);
double Norm(const Vector3& a);
Vector3 Unit(const Vector3& a);
// The angle between two vectors, exact for small ones too.
double Angle(const Vector3& a, const Vector3& b);
double Distance(const Point& a, const Point& b);
// From the point to the great-circle arc.
double DistanceToSegment(const Vector3& point, const Vector3& a, const Vector3& b);
// The point of the arc that is nearest.
Vector3 ClosestOnSegment(const Vector3& point, const Vector3& a, const Vector3& b);
// Whether two arcs cross or touch.
bool SegmentsMeet(const Vector3& a, const Vector3& b, const Vector3& c, const Vector3& d);
// A part `fraction` of the way along the arc.
Vector3 Interpolate(const Vector3& a, const Vector3& b, double fraction);

using Line = std::vector<Point>;
using Polygon = std::vector<Line>;  // the outer ring, then holes; first and last points are equal

struct Shape {
  enum class Kind { kPoint, kLines, kPolygons } kind = Kind::kPoint;
  Point point;
  std::vector<Line> lines;
  std::vector<Polygon> polygons;
};
// GeoJSON of a point, (multi)line or (multi)polygon; nothing if it isn't valid.
std::optional<Shape> ParseGeoJson(std::string_view json);

void AppendPosition(std::string& out, const Point& point);  // "[lon,lat]"
void AppendPositions(std::string& out, const Line& line);   // "[[lon,lat],…]"

// Whether the point is inside; a ring holds the smaller of the two areas it parts.
bool Contains(const Polygon& polygon, const Point& point);
// Of the smaller side of each ring, holes taken off, in square metres.
double Area(const Polygon& polygon);
double Length(const Line& line);
// The centre of mass, as a vector that need not be a unit vector.
Vector3 Centroid(const Polygon& polygon);

}  // namespace kc::engine::udf
