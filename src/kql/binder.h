// Syntax tree → bound plan. Names are resolved, let statements and functions inlined, types checked
// by Kusto's rules, columns named as Kusto names them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "kql/ast.h"
#include "kql/catalog.h"
#include "kql/plan.h"

namespace kc::kql {

// How deeply functions, lets and queries may nest while binding: keeps the stack bounded and ends
// recursive functions. Kusto refuses recursion as well.
inline constexpr int kMaxBindDepth = 300;
// Nodes of expressions and operators that one query may bind to after inlining; a fingerprint over
// 1,000 columns takes about 60,000.
inline constexpr int kMaxPlanSize = 1'000'000;
// Rows that a discovery query (pivot, bag_unpack), toscalar's list or an `in` list may bring into
// the plan.
inline constexpr int64_t kMaxDiscoveredRows = 1'000'000;

// Runs a plan while another one is being bound: constants, toscalar(), plugins whose schema depends
// on data. Implemented by the engine.
class PlanRunner {
 public:
  virtual ~PlanRunner() = default;
  // At most max_rows rows, else an error.
  virtual Result<ValueTable> Run(const NodePtr& plan, int64_t max_rows) = 0;
};

struct BindRequest {
  const ast::Script* script = nullptr;  // must outlive Bind() only
  Catalog* catalog = nullptr;
  PlanRunner* runner = nullptr;
  int64_t now_ticks = 0;
  std::map<std::string, std::string> parameters;  // query parameters: KQL literals
  std::map<std::string, std::shared_ptr<const ValueTable>> tables;
};

struct BoundQuery {
  std::vector<ResultPlan> results;             // at least one
  std::string visualization;                   // JSON text of the Visualization property
  std::string cursor;                          // cursor_current() if a cursor function was used
  std::map<std::string, std::string> options;  // set statements
};

// Errors: kStop with Kusto's code as reason ("SEM0100"), or what the catalog and the runner report.
Result<BoundQuery> Bind(const BindRequest& request);

}  // namespace kc::kql
