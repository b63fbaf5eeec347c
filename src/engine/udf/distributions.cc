// The beta distribution and what is computed with it.
#include <cmath>
#include <limits>

#include "engine/udf/families.h"
#include "engine/udf/log_gamma.h"
#include "engine/udf/udf.h"

namespace kc::engine::udf {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double LogBeta(double a, double b) {
  return LogGamma(a) + LogGamma(b) - LogGamma(a + b);
}

// The continued fraction of the incomplete beta function, by Lentz's method.
double BetaFraction(double x, double a, double b) {
  constexpr int kMaxSteps = 10'000;
  constexpr double kTiny = 1e-300;
  const auto away = [](double v) { return std::fabs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m < kMaxSteps; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    h *= d * c;
    if (std::fabs(d * c - 1) < 1e-16) break;
  }
  return h;
}

// I_x(a, b) for 0 <= x <= 1, a > 0, b > 0.
double RegularizedBeta(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(a * std::log(x) + b * std::log1p(-x) - LogBeta(a, b));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(x, a, b) / a;
  return 1 - front * BetaFraction(1 - x, b, a) / b;
}

double BetaCdf(double x, double a, double b) {
  if (!(x >= 0 && x <= 1)) return kNaN;
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  if (a <= 0) return 1;  // all of the mass at 0, as the service has it
  if (b <= 0) throw UdfError("beta_cdf() with a beta that is not positive is not supported");
  return RegularizedBeta(x, a, b);
}

double BetaPdf(double x, double a, double b) {
  if (!(x >= 0 && x <= 1) || !(a > 0) || !(b > 0)) return kNaN;
  return std::exp((a - 1) * std::log(x) + (b - 1) * std::log1p(-x) - LogBeta(a, b));
}

std::optional<double> BetaInv(double p, double a, double b) {
  if (!(p >= 0 && p <= 1)) return std::nullopt;
  if (!(a > 0) || !(b > 0)) return kNaN;
  double low = 0, high = 1;
  // Bisection to the last bit.
  for (int i = 0; i < 2000 && std::nextafter(low, high) < high; ++i) {
    const double middle = low + (high - low) / 2;
    (RegularizedBeta(middle, a, b) < p ? low : high) = middle;
  }
  return high;
}

// Welch's test with two tails: how likely a difference of the means this large is by chance.
double WelchTest(double mean1, double variance1, double count1, double mean2, double variance2,
                 double count2) {
  const double e1 = variance1 / count1, e2 = variance2 / count2;
  const double t2 = (mean1 - mean2) * (mean1 - mean2) / (e1 + e2);
  const double freedom = (e1 + e2) * (e1 + e2) / (e1 * e1 / (count1 - 1) + e2 * e2 / (count2 - 1));
  if (!std::isfinite(t2) || !(freedom > 0)) return kNaN;
  return RegularizedBeta(freedom / (freedom + t2), freedom / 2, 0.5);
}

}  // namespace

void AddDistributions(Registrar& r) {
  r.Add("kql_beta_cdf", [](double x, double a, double b) { return BetaCdf(x, a, b); });
  r.Add("kql_beta_pdf", [](double x, double a, double b) { return BetaPdf(x, a, b); });
  r.Add("kql_beta_inv", [](double p, double a, double b) { return BetaInv(p, a, b); });
  r.Add("kql_welch_test", [](double m1, double v1, double c1, double m2, double v2, double c2) {
    return WelchTest(m1, v1, c1, m2, v2, c2);
  });
}

}  // namespace kc::engine::udf
