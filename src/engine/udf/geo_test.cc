#include "engine/udf/udf_test_base.h"

namespace kc::engine::udf {
namespace {

class GeoTest : public UdfTest {
 protected:
  static double AskNumber(const std::string& expression) { return std::stod(Ask(expression)); }
  // One degree square at the equator.
  static constexpr char kSquare[] =
      "'{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}'";
  static constexpr char kEquator[] =
      "'{\"type\":\"LineString\",\"coordinates\":[[0,0],[1,0],[3,0]]}'";
};

TEST_F(GeoTest, DistancesOnTheSphere) {
  const double degree = 6371010.0 * 3.14159265358979323846 / 180;
  EXPECT_NEAR(AskNumber("kql_geo_distance(0, 0, 0, 1)"), degree, 1e-6);
  EXPECT_EQ(Ask("kql_geo_distance(181, 0, 0, 1)"), "null");
  EXPECT_NEAR(AskNumber(std::string("kql_geo_line_length(") + kEquator + ")"), 3 * degree, 1e-6);
  EXPECT_NEAR(AskNumber(std::string("kql_geo_distance_to(2, 1, ") + kEquator + ")"), degree, 1e-3);
  EXPECT_NEAR(AskNumber(std::string("kql_geo_line_locate(") + kEquator + ", 1.5, 0.2)"), 0.5, 1e-9);
  EXPECT_NEAR(AskNumber(std::string("kql_geo_polygon_area(") + kSquare + ")"), degree * degree,
              degree * degree * 1e-3);
}

TEST_F(GeoTest, PointsInPolygons) {
  const auto inside = [](const std::string& point) {
    return Ask("kql_geo_point_in_polygon(" + point + ", " + kSquare + ")");
  };
  EXPECT_EQ(inside("0.5, 0.5"), "true");
  EXPECT_EQ(inside("1.5, 0.5"), "false");
  EXPECT_EQ(inside("-179, -45"), "false");
  EXPECT_EQ(Ask("kql_geo_point_in_polygon(0, 0, '{\"type\":\"Polygon\",\"coordinates\":[]}')"),
            "null");
  EXPECT_EQ(Ask("kql_geo_point_in_circle(0, 0, 0, 0.001, 200)"), "true");
}

TEST_F(GeoTest, LinesMeet) {
  EXPECT_EQ(Ask(std::string("kql_geo_intersects_lines(") + kEquator +
                ", '{\"type\":\"LineString\",\"coordinates\":[[2,-1],[2,1]]}')"),
            "true");
  EXPECT_EQ(Ask(std::string("kql_geo_intersects_lines(") + kEquator +
                ", '{\"type\":\"LineString\",\"coordinates\":[[4,-1],[4,1]]}')"),
            "false");
}

TEST_F(GeoTest, Geohashes) {
  EXPECT_EQ(Ask("kql_geohash(-5.6, 42.6, 5)"), "ezs42");
  EXPECT_EQ(Ask("kql_geohash(0, 0, 0)"), "");
  EXPECT_EQ(Ask("kql_geohash_centre('s')"), "{\"type\":\"Point\",\"coordinates\":[22.5,22.5]}");
  EXPECT_EQ(Ask("kql_geohash_centre('a')"), "null");
  EXPECT_EQ(Ask("kql_array_length(kql_geohash_neighbours('ezs42'))"), "8");
}

}  // namespace
}  // namespace kc::engine::udf
