// convert_length() and its like. Units whose definition is exact; another unit is an error, not a
// guess.
#include <numbers>

#include "base/text.h"
#include "engine/udf/families.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

// value in base units = value * factor.
struct Unit {
  std::string_view name;
  double factor;
  bool prefixed = false;  // Kilo…, Milli… exist
};
struct Prefix {
  std::string_view name;
  double factor;
};

constexpr Prefix kPrefixes[] = {{"Nano", 1e-9}, {"Micro", 1e-6}, {"Milli", 1e-3}, {"Centi", 1e-2},
                                {"Deci", 1e-1}, {"Deca", 1e1},   {"Hecto", 1e2},  {"Kilo", 1e3},
                                {"Mega", 1e6},  {"Giga", 1e9},   {"Tera", 1e12}};

const Unit kAngles[] = {{"Degree", 1, true},     {"Radian", 180 / std::numbers::pi, true},
                        {"Arcminute", 1.0 / 60}, {"Arcsecond", 1.0 / 3600},
                        {"Gradian", 0.9},        {"NatoMil", 360.0 / 6400},
                        {"Revolution", 360}};
const Unit kEnergies[] = {{"Joule", 1, true},
                          {"WattHour", 3600, true},
                          {"WattDay", 86400, true},
                          {"Calorie", 4.184, true},
                          {"Erg", 1e-7},
                          {"BritishThermalUnit", 1055.05585262}};
const Unit kForces[] = {{"Newton", 1, true}, {"Dyn", 1e-5}, {"PoundForce", 4.4482216152605}};
const Unit kLengths[] = {{"Meter", 1, true}, {"Foot", 0.3048},      {"Inch", 0.0254},
                         {"Yard", 0.9144},   {"Fathom", 1.8288},    {"Hand", 0.1016},
                         {"Chain", 20.1168}, {"NauticalMile", 1852}};
const Unit kMasses[] = {{"Gram", 1e-3, true},    {"Tonne", 1e3, true},
                        {"Pound", 0.45359237},   {"Ounce", 0.028349523125},
                        {"ShortTon", 907.18474}, {"LongTon", 1016.0469088}};
const Unit kVolumes[] = {{"CubicMeter", 1},         {"CubicKilometer", 1e9},
                         {"CubicHectometer", 1e6},  {"CubicDecimeter", 1e-3},
                         {"CubicCentimeter", 1e-6}, {"CubicMillimeter", 1e-9},
                         {"Liter", 1e-3, true},     {"AcreFoot", 1 / 0.000810714}};

template <size_t N>
double FactorOf(const Unit (&units)[N], std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
    if (!unit.prefixed) continue;
    const std::string base =
        ToLowerAscii(unit.name.substr(0, 1)) + std::string(unit.name.substr(1));
    for (const Prefix& prefix : kPrefixes) {
      if (name == std::string(prefix.name) + base) return unit.factor * prefix.factor;
    }
  }
  throw UdfError("the unit '" + std::string(name) + "' is not supported");
}

template <size_t N>
double ConvertBy(const Unit (&units)[N], double value, std::string_view from, std::string_view to) {
  if (from == to) {
    (void)FactorOf(units, from);
    return value;
  }
  return value * FactorOf(units, from) / FactorOf(units, to);
}

// "KilometerPerHour": a length by a time.
double SpeedFactor(std::string_view name) {
  if (name == "MilePerHour") return 0.44704;
  const size_t per = name.find("Per");
  const std::string_view time = per == std::string_view::npos ? "" : name.substr(per + 3);
  double seconds = 0;
  if (time == "Second") seconds = 1;
  if (time == "Minute") seconds = 60;
  if (time == "Hour") seconds = 3600;
  const std::string_view length = name.substr(0, per);
  if (seconds == 0 ||
      (!length.ends_with("eter") && length != "Foot" && length != "Inch" && length != "Yard")) {
    throw UdfError("the unit '" + std::string(name) + "' is not supported");
  }
  return FactorOf(kLengths, length) / seconds;
}

double ToKelvin(double x, std::string_view unit) {
  if (unit == "Kelvin") return x;
  if (unit == "DegreeCelsius") return x + 273.15;
  if (unit == "MillidegreeCelsius") return x / 1000 + 273.15;
  if (unit == "DegreeFahrenheit") return (x + 459.67) * 5 / 9;
  if (unit == "DegreeRankine") return x * 5 / 9;
  if (unit == "DegreeDelisle") return 373.15 - x * 2 / 3;
  if (unit == "DegreeReaumur") return x * 5 / 4 + 273.15;
  if (unit == "DegreeRoemer") return (x - 7.5) * 40 / 21 + 273.15;
  if (unit == "DegreeNewton") return x * 100 / 33 + 273.15;
  throw UdfError("the unit '" + std::string(unit) + "' is not supported");
}

double FromKelvin(double k, std::string_view unit) {
  if (unit == "Kelvin") return k;
  if (unit == "DegreeCelsius") return k - 273.15;
  if (unit == "MillidegreeCelsius") return (k - 273.15) * 1000;
  if (unit == "DegreeFahrenheit") return k * 9 / 5 - 459.67;
  if (unit == "DegreeRankine") return k * 9 / 5;
  if (unit == "DegreeDelisle") return (373.15 - k) * 3 / 2;
  if (unit == "DegreeReaumur") return (k - 273.15) * 4 / 5;
  if (unit == "DegreeRoemer") return (k - 273.15) * 21 / 40 + 7.5;
  if (unit == "DegreeNewton") return (k - 273.15) * 33 / 100;
  throw UdfError("the unit '" + std::string(unit) + "' is not supported");
}

}  // namespace

void AddUnits(Registrar& r) {
  r.Add("kql_convert_angle",
        [](double x, Text from, Text to) { return ConvertBy(kAngles, x, from, to); });
  r.Add("kql_convert_energy",
        [](double x, Text from, Text to) { return ConvertBy(kEnergies, x, from, to); });
  r.Add("kql_convert_force",
        [](double x, Text from, Text to) { return ConvertBy(kForces, x, from, to); });
  r.Add("kql_convert_length",
        [](double x, Text from, Text to) { return ConvertBy(kLengths, x, from, to); });
  r.Add("kql_convert_mass",
        [](double x, Text from, Text to) { return ConvertBy(kMasses, x, from, to); });
  r.Add("kql_convert_volume",
        [](double x, Text from, Text to) { return ConvertBy(kVolumes, x, from, to); });
  r.Add("kql_convert_speed",
        [](double x, Text from, Text to) { return x * SpeedFactor(from) / SpeedFactor(to); });
  r.Add("kql_convert_temperature",
        [](double x, Text from, Text to) { return FromKelvin(ToKelvin(x, from), to); });
}

}  // namespace kc::engine::udf
