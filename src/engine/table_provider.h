// How the engine reads a stored table: the plan's scan goes to a TableProvider (src/local), which
// answers with a piece of SQL.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/scalar.h"
#include "kql/catalog.h"

namespace kc::engine {

// What must hold for a row of the scan to matter: derived from the query's filters, never stronger
// than they are. The provider uses it only to leave out extents; the query filters every row again.
struct ScanFilter {
  enum class Kind {
    kAll,          // every child holds (no children: no restriction)
    kAny,          // at least one child holds (no children: no row matters)
    kCursor,       // minimum < $cursor <= maximum
    kIngestion,    // minimum <= $IngestionTime <= maximum (ticks)
    kExtentId,     // extent_id() is one of texts (lower case with hyphens)
    kTagEquals,    // the extent has a tag that is exactly one of texts
    kTagContains,  // some tag contains one of texts, ignoring ASCII case
    kColumnRange,  // minimum <= column <= maximum: int, long, datetime, timespan columns
  };
  Kind kind = Kind::kAll;
  std::vector<ScanFilter> children;
  int64_t minimum = std::numeric_limits<int64_t>::min();
  int64_t maximum = std::numeric_limits<int64_t>::max();
  std::vector<std::string> texts;
  size_t column = 0;  // index into TableInfo::columns
};

// What is known of an extent. Absent = not known, which never rules the extent out.
class ExtentFacts {
 public:
  virtual ~ExtentFacts() = default;
  virtual std::string_view ExtentId() const = 0;
  virtual const std::vector<std::string>& Tags() const = 0;
  // Smallest and largest value over the extent's rows; has_nulls doesn't matter here (a null row
  // never passes these filters).
  using Range = std::optional<std::pair<int64_t, int64_t>>;
  virtual Range Cursor() const = 0;
  virtual Range Ingestion() const = 0;
  virtual Range Column(size_t index) const = 0;
};
// False only if no row of the extent can matter.
bool MayMatch(const ScanFilter& filter, const ExtentFacts& extent);

// Names of the columns of a scan's relation. Column i of the table is named "c<i>".
inline constexpr std::string_view kScanIngestionTime = "c_it";  // BIGINT ticks, NULL = none
inline constexpr std::string_view kScanCursor = "c_cur";        // BIGINT, NULL = none
inline constexpr std::string_view kScanExtentId = "c_xid";      // UUID
inline constexpr std::string_view kScanExtentTags = "c_tag";    // VARCHAR, JSON array of strings

struct TableScan {
  kql::TablePtr table;
  std::vector<size_t> columns;  // needed ones, ascending; may be empty (count)
  bool need_ingestion_time = false;
  bool need_cursor = false;
  bool need_extent_id = false;
  bool need_extent_tags = false;
  ScanFilter filter;
};

struct ScanRelation {
  // A SELECT or table function call that can stand in "FROM (<sql>)", with the columns that were
  // asked for under the names above, in any order (more do no harm), of the physical types of docs
  // (datetime and timespan BIGINT, decimal/dynamic VARCHAR, strings not NULL). Plain column
  // references and read_parquet, so that DuckDB pushes projections and filters into it.
  std::string sql;
  // Kept until the query has ended: pins the extents' files.
  std::shared_ptr<void> keep_alive;
};

class TableProvider {
 public:
  virtual ~TableProvider() = default;
  // Called once per scan of the plan, from the thread that runs the query.
  virtual Result<ScanRelation> Open(const TableScan& scan) = 0;
};

}  // namespace kc::engine
