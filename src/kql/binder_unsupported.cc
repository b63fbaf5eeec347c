// Operators that are parsed but not supported: refused by name. An operator that gets support moves
// to a file of its own.
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {
tl::unexpected<Error> NotSupported(std::string_view name) {
  return Binder::Semantic(
      "SEM0002", "The operator '" + std::string(name) + "' is not supported by this engine");
}
}  // namespace

Result<NodePtr> Binder::Operate(const ast::Reduce&, NodePtr, const EnvPtr&) {
  return NotSupported("reduce");
}

Result<NodePtr> Binder::Operate(const ast::MacroExpand&, NodePtr, const EnvPtr&) {
  return NotSupported("macro-expand");
}

}  // namespace kc::kql
