// geo_*() that make shapes of shapes. Most of them are known here only as far as invalid arguments
// give null; for valid ones they are refused.
#include "engine/udf/families.h"
#include "engine/udf/sphere.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

bool IsKind(std::string_view kind, const Shape& shape) {
  return kind == "any" || (kind == "line" && shape.kind == Shape::Kind::kLines) ||
         (kind == "polygon" && shape.kind == Shape::Kind::kPolygons);
}

// Null for invalid arguments, else an error.
bool NullOrRefused(std::string_view json, std::string_view kind, std::optional<bool> valid,
                   std::string_view function) {
  const auto shape = ParseGeoJson(json);
  if (!shape || !IsKind(kind, *shape) || !valid.value_or(false)) return false;
  throw UdfError(std::string(function) + "() is not supported by this engine");
}

struct Arc {
  Vector3 a, b;
};
std::vector<Arc> ArcsOf(const Shape& shape) {
  std::vector<Arc> arcs;
  for (const Line& line : shape.lines) {
    for (size_t i = 0; i + 1 < line.size(); ++i) {
      arcs.push_back({ToVector(line[i]), ToVector(line[i + 1])});
    }
  }
  return arcs;
}

// Where two arcs cross, their ends excluded.
std::optional<Vector3> Crossing(const Arc& p, const Arc& q) {
  const Vector3 n = Cross(p.a, p.b), m = Cross(q.a, q.b);
  const double a = Dot(n, q.a), b = Dot(n, q.b), c = Dot(m, p.a), d = Dot(m, p.b);
  if (!(a * b < 0) || !(c * d < 0)) return std::nullopt;
  Vector3 at = Unit(Cross(n, m));
  if (Dot(at, p.a) + Dot(at, p.b) < 0) at = {-at.x, -at.y, -at.z};
  return at;
}

bool IntersectLines(DynOut& out, std::string_view first, std::string_view second) {
  const auto a = ParseGeoJson(first), b = ParseGeoJson(second);
  if (!a || !b || a->kind != Shape::Kind::kLines || b->kind != Shape::Kind::kLines) return false;
  std::optional<Point> found;
  for (const Arc& p : ArcsOf(*a)) {
    for (const Arc& q : ArcsOf(*b)) {
      if (!SegmentsMeet(p.a, p.b, q.a, q.b)) continue;
      const auto at = Crossing(p, q);
      if (!at || found) {
        throw UdfError(
            "geo_intersection_2lines() of lines that touch, overlap or cross more than once is "
            "not supported by this engine");
      }
      found = ToPoint(*at);
    }
  }
  if (!found) {
    out += R"({"type":"GeometryCollection","geometries":[]})";
    return true;
  }
  out += R"({"type":"Point","coordinates":)";
  AppendPosition(out, *found);
  out.push_back('}');
  return true;
}

}  // namespace

void AddGeoShapes(Registrar& r) {
  r.Add("kql_geo_null_or_refused",
        [](DynOut&, Text json, Text kind, std::optional<bool> valid, Text function) {
          return NullOrRefused(json, kind, valid, function);
        });
  r.Add("kql_geo_intersection_lines",
        [](DynOut& out, Text a, Text b) { return IntersectLines(out, a, b); });
}

}  // namespace kc::engine::udf
