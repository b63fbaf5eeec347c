// Plugins that need nothing of the binder's inside.
#pragma once

#include "kql/binder_impl.h"

namespace kc::kql {

// Each returns nothing if the plugin isn't one of its own.
Result<std::optional<NodePtr>> EvaluateMore(Binder& binder, const ast::Evaluate& op,
                                            const NodePtr& in, const EnvPtr& env);

}  // namespace kc::kql
