// Finds the next character of a small set, sixteen bytes at a time where the machine can.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace kc::local {

// The first of a, b, c in [p, end), or end.
inline const char* FindAny(const char* p, const char* end, char a, char b, char c) {
#ifdef __SSE2__
  const __m128i va = _mm_set1_epi8(a);
  const __m128i vb = _mm_set1_epi8(b);
  const __m128i vc = _mm_set1_epi8(c);
  for (; end - p >= 16; p += 16) {
    __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, va), _mm_cmpeq_epi8(bytes, vb)),
                               _mm_cmpeq_epi8(bytes, vc));
    int mask = _mm_movemask_epi8(hit);
    if (mask != 0) return p + __builtin_ctz(static_cast<unsigned>(mask));
  }
#endif
  for (; p != end; ++p) {
    if (*p == a || *p == b || *p == c) return p;
  }
  return end;
}

// No byte above 0x7F?
inline bool IsAscii(const char* p, const char* end) {
#ifdef __SSE2__
  for (; end - p >= 16; p += 16) {
    if (_mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))) != 0) return false;
  }
#endif
  for (; p != end; ++p) {
    if (*p < 0) return false;
  }
  return true;
}

}  // namespace kc::local
