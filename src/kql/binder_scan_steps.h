// scan with several steps, with match ids, or with steps that give no rows.
#pragma once

#include "kql/binder_impl.h"

namespace kc::kql {

Result<NodePtr> BindScanSteps(Binder& binder, const ast::Scan& op, NodePtr in, const EnvPtr& env);

}  // namespace kc::kql
