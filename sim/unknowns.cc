#include "unknowns.h"

#include <fmt/format.h>

namespace kc::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

Unknowns Unknowns::Draw(SeededRandom& random) {
  const auto coin = [&random] { return random.Below(2) == 0; };
  Unknowns u;
  u.bound_to_id = coin();
  u.ids_kept_on_move = coin();
  u.tags_kept_between_staging = coin();
  u.tags_kept_on_publish = coin();
  u.ingest_atomic = coin();
  u.one_extent_per_file = coin();
  u.missing_extents_permanent = coin();
  if (coin()) u.missing_extents_text = "Internal service error";
  if (coin()) u.dated_after = random.Between(milliseconds(1), seconds(60));
  if (coin()) u.cursor_lag = random.Between(milliseconds(1), seconds(5));
  if (coin()) u.operations_lag = random.Between(milliseconds(1), milliseconds(60));
  if (coin()) u.details_kept = seconds(60);
  u.empty_policy_is_null = coin();
  u.guid_upper_case = coin();
  return u;
}

std::string Unknowns::Text() const {
  return fmt::format(
      "bound to {}, ids {} and tags {} between staging tables, tags {} on publishing, ingestion "
      "{}{}, missing extents {}, dated after {} ms, cursor lags {} ms, operations lag {} ms, "
      "details kept {} s{}{}",
      bound_to_id ? "id" : "name", ids_kept_on_move ? "kept" : "new",
      tags_kept_between_staging ? "kept" : "lost", tags_kept_on_publish ? "kept" : "lost",
      ingest_atomic ? "atomic" : "file by file", one_extent_per_file ? ", extent per file" : "",
      missing_extents_permanent ? "permanent" : "not permanent", dated_after / milliseconds(1),
      cursor_lag / milliseconds(1), operations_lag / milliseconds(1), details_kept / seconds(1),
      empty_policy_is_null ? ", empty policies are null" : "",
      guid_upper_case ? ", GUIDs in capitals" : "");
}

}  // namespace kc::sim
