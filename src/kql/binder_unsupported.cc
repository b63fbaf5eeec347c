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

Result<NodePtr> Binder::Operate(const ast::MvApply&, NodePtr, const EnvPtr&) {
  return NotSupported("mv-apply");
}

Result<NodePtr> Binder::Operate(const ast::ParseOp&, NodePtr, const EnvPtr&) {
  return NotSupported("parse");
}

Result<NodePtr> Binder::Operate(const ast::ParseKv&, NodePtr, const EnvPtr&) {
  return NotSupported("parse-kv");
}

Result<NodePtr> Binder::Operate(const ast::MakeSeries&, NodePtr, const EnvPtr&) {
  return NotSupported("make-series");
}

Result<NodePtr> Binder::Operate(const ast::Evaluate&, NodePtr, const EnvPtr&) {
  return NotSupported("evaluate");
}

Result<NodePtr> Binder::Operate(const ast::Search&, NodePtr, const EnvPtr&) {
  return NotSupported("search");
}

Result<NodePtr> Binder::Operate(const ast::Find&, NodePtr, const EnvPtr&) {
  return NotSupported("find");
}

Result<NodePtr> Binder::Operate(const ast::Partition&, NodePtr, const EnvPtr&) {
  return NotSupported("partition");
}

Result<NodePtr> Binder::Operate(const ast::Fork&, NodePtr, const EnvPtr&) {
  return NotSupported("fork");
}

Result<NodePtr> Binder::Operate(const ast::Facet&, NodePtr, const EnvPtr&) {
  return NotSupported("facet");
}

Result<NodePtr> Binder::Operate(const ast::Reduce&, NodePtr, const EnvPtr&) {
  return NotSupported("reduce");
}

Result<NodePtr> Binder::Operate(const ast::Scan&, NodePtr, const EnvPtr&) {
  return NotSupported("scan");
}

Result<NodePtr> Binder::Operate(const ast::TopNested&, NodePtr, const EnvPtr&) {
  return NotSupported("top-nested");
}

Result<NodePtr> Binder::Operate(const ast::TopHitters&, NodePtr, const EnvPtr&) {
  return NotSupported("top-hitters");
}

Result<NodePtr> Binder::Operate(const ast::MacroExpand&, NodePtr, const EnvPtr&) {
  return NotSupported("macro-expand");
}

}  // namespace kc::kql
