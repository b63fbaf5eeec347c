// Geography.
#include "kql/functions_tables.h"

namespace kc::kql {
namespace {

constexpr ScalarFunction kRows[] = {
    {"geo_distance_2points", "real,real,real,real", "real", "kql_geo_distance($*)"},
    {"geo_azimuth", "real,real,real,real", "real", "kql_geo_azimuth($*)"},
    {"geo_angle", "real,real,real,real,real,real", "real", "kql_geo_angle($*)"},
    {"geo_point_to_geohash", "real,real", "string", "kql_geohash($1, $2, 5)"},
    {"geo_point_to_geohash", "real,real,long", "string", "kql_geohash($1, $2, $3)"},
    {"geo_geohash_to_central_point", "string", "dynamic", "kql_geohash_centre($1)"},
    {"geo_geohash_to_polygon", "string", "dynamic", "kql_geohash_polygon($1)"},
    {"geo_geohash_neighbors", "string", "dynamic", "kql_geohash_neighbours($1)"},
    {"geo_point_in_circle", "real,real,real,real,real", "bool", "kql_geo_point_in_circle($*)"},
    {"geo_point_in_polygon", "real,real,dynamic", "bool", "kql_geo_point_in_polygon($*)"},
    {"geo_distance_point_to_line", "real,real,dynamic", "real", "kql_geo_distance_to($*)"},
    {"geo_distance_point_to_polygon", "real,real,dynamic", "real", "kql_geo_distance_to($*)"},
    {"geo_closest_point_on_line", "real,real,dynamic", "dynamic", "kql_geo_closest($*)"},
    {"geo_closest_point_on_polygon", "real,real,dynamic", "dynamic", "kql_geo_closest($*)"},
    {"geo_line_length", "dynamic", "real", "kql_geo_line_length($1)"},
    {"geo_line_centroid", "dynamic", "dynamic", "kql_geo_line_centroid($1)"},
    {"geo_line_interpolate_point", "dynamic,real", "dynamic", "kql_geo_line_interpolate($*)"},
    {"geo_line_locate_point", "dynamic,real,real", "real", "kql_geo_line_locate($*)"},
    {"geo_polygon_area", "dynamic", "real", "kql_geo_polygon_area($1)"},
    {"geo_polygon_perimeter", "dynamic", "real", "kql_geo_polygon_perimeter($1)"},
    {"geo_polygon_centroid", "dynamic", "dynamic", "kql_geo_polygon_centroid($1)"},
    {"geo_intersects_2lines", "dynamic,dynamic", "bool", "kql_geo_intersects_lines($*)"},
    {"geo_intersects_line_with_polygon", "dynamic,dynamic", "bool",
     "kql_geo_intersects_line_polygon($*)"},
    {"geo_intersects_2polygons", "dynamic,dynamic", "bool", "kql_geo_intersects_polygons($*)"},
    {"geo_point_to_s2cell", "real,real", "string", "coalesce(kql_s2cell($1, $2, 11), '')"},
    {"geo_point_to_s2cell", "real,real,long", "string", "coalesce(kql_s2cell($1, $2, $3), '')"},
    {"geo_s2cell_to_central_point", "string", "dynamic", "kql_s2cell_center($1)"},
    {"geo_s2cell_to_polygon", "string", "dynamic", "kql_s2cell_polygon($1)"},
    {"geo_s2cell_neighbors", "string", "dynamic", "kql_s2cell_neighbors($1)"},
    {"geo_intersection_2lines", "dynamic,dynamic", "dynamic", "kql_geo_intersection_lines($1, $2)"},
    // Known as far as invalid arguments give null; the rest is refused.
    {"geo_line_buffer", "dynamic,real", "dynamic",
     "kql_geo_null_or_refused($1, 'line', $2 > 0, 'geo_line_buffer')"},
    {"geo_line_buffer", "dynamic,real,real", "dynamic",
     "kql_geo_null_or_refused($1, 'line', $2 > 0 AND $3 > 0, 'geo_line_buffer')"},
    {"geo_polygon_buffer", "dynamic,real", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', $2 > 0, 'geo_polygon_buffer')"},
    {"geo_polygon_buffer", "dynamic,real,real", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', $2 > 0 AND $3 > 0, 'geo_polygon_buffer')"},
    {"geo_line_densify", "dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'line', true, 'geo_line_densify')"},
    {"geo_line_densify", "dynamic,real", "dynamic",
     "kql_geo_null_or_refused($1, 'line', $2 > 0 AND $2 < 100000, 'geo_line_densify')"},
    {"geo_polygon_densify", "dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', true, 'geo_polygon_densify')"},
    {"geo_polygon_densify", "dynamic,real", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', $2 > 0 AND $2 < 100000, 'geo_polygon_densify')"},
    {"geo_line_simplify", "dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'line', true, 'geo_line_simplify')"},
    {"geo_line_simplify", "dynamic,real", "dynamic",
     "kql_geo_null_or_refused($1, 'line', $2 > 0 AND $2 < 100000, 'geo_line_simplify')"},
    {"geo_polygon_simplify", "dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', true, 'geo_polygon_simplify')"},
    {"geo_polygon_simplify", "dynamic,real", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', $2 > 0 AND $2 < 100000, 'geo_polygon_simplify')"},
    {"geo_line_to_s2cells", "dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'line', true, 'geo_line_to_s2cells')"},
    {"geo_line_to_s2cells", "dynamic,long", "dynamic",
     "kql_geo_null_or_refused($1, 'line', $2 BETWEEN 0 AND 30, 'geo_line_to_s2cells')"},
    {"geo_polygon_to_s2cells", "dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', true, 'geo_polygon_to_s2cells')"},
    {"geo_polygon_to_s2cells", "dynamic,long", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', $2 BETWEEN 0 AND 30, 'geo_polygon_to_s2cells')"},
    {"geo_polygon_to_h3cells", "dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', true, 'geo_polygon_to_h3cells')"},
    {"geo_polygon_to_h3cells", "dynamic,long", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', $2 BETWEEN 0 AND 30, 'geo_polygon_to_h3cells')"},
    {"geo_intersection_2polygons", "dynamic,dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'polygon', kql_geo_polygon_area($2) IS NOT NULL, "
     "'geo_intersection_2polygons')"},
    {"geo_intersection_line_with_polygon", "dynamic,dynamic", "dynamic",
     "kql_geo_null_or_refused($1, 'line', kql_geo_polygon_area($2) IS NOT NULL, "
     "'geo_intersection_line_with_polygon')"},
    {"geo_point_buffer", "real,real,real", "dynamic",
     "kql_geo_null_or_refused('{\"type\":\"Point\",\"coordinates\":[0,0]}', 'any', $3 > 0 AND "
     "abs($1) <= 180 AND abs($2) <= 90, 'geo_point_buffer')"},
    {"geo_point_buffer", "real,real,real,real", "dynamic",
     "kql_geo_null_or_refused('{\"type\":\"Point\",\"coordinates\":[0,0]}', 'any', $3 > 0 AND "
     "$4 > 0 AND abs($1) <= 180 AND abs($2) <= 90, 'geo_point_buffer')"},
    {"geo_point_to_h3cell", "real,real", "string", "kql_h3cell($1, $2, 6)"},
    {"geo_point_to_h3cell", "real,real,long", "string", "kql_h3cell($1, $2, $3)"},
    {"geo_h3cell_to_central_point", "string", "dynamic", "kql_h3cell_center($1)"},
    {"geo_h3cell_to_polygon", "string", "dynamic", "kql_h3cell_polygon($1)"},
    {"geo_h3cell_level", "string", "int", "CAST(kql_h3cell_level($1) AS INTEGER)"},
    {"geo_h3cell_children", "string", "dynamic", "kql_h3cell_children($1, NULL)"},
    {"geo_h3cell_children", "string,long", "dynamic", "kql_h3cell_children($1, $2)"},
    {"geo_h3cell_parent", "string", "string", "kql_h3cell_parent($1, NULL)"},
    {"geo_h3cell_parent", "string,long", "string", "kql_h3cell_parent($1, $2)"},
    {"geo_h3cell_rings", "string,long", "dynamic", "kql_h3cell_rings($1, $2)"},
    {"geo_h3cell_neighbors", "string", "dynamic", "kql_h3cell_neighbors($1)"},
    {"geo_from_wkt", "string", "dynamic", "kql_geo_from_wkt($1)"},
};

}  // namespace

std::span<const ScalarFunction> GeoRows() {
  return kRows;
}

}  // namespace kc::kql
