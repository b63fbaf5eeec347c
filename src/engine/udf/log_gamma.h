// The logarithm of the gamma function, from any thread: std::lgamma leaves the sign in a variable
// that all of them share.
#pragma once

#include <cmath>

namespace kc::engine::udf {

inline double LogGamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

}  // namespace kc::engine::udf
