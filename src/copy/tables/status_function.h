// KC_Status() in the destination database: reads the checkpoint's current file by an address that
// is good for kStatusGrantTime and for that one file only (where the lake's credentials allow it).
#pragma once

#include "copy/session.h"

namespace kc::copy {

inline constexpr std::chrono::hours kStatusGrantTime{24};
// While a copy runs the address is renewed long before it ends.
inline constexpr std::chrono::hours kStatusRenewal{8};

// Points it at the current segment with a fresh address; `create_only`: fails if it exists (F40).
// Then deletes the segments before that one.
world::Task<Status> PointStatusFunction(Session& session, bool create_only);

// Until the session ends: points it anew when a new segment was begun or its address grows old.
// Failures are told and tried again: the copy doesn't depend on it.
world::Task<void> KeepStatusFunction(Session& session);

}  // namespace kc::copy
