// Common subexpressions: what a projection would compute several times goes into a projection below
// it. DuckDB does this too, but not inside CASE, where inlined functions put nearly everything.
#include <algorithm>

#include "engine/emit.h"

namespace kc::engine {

using kql::Expr;
using kql::ExprKind;
using kql::ExprPtr;

namespace {

// Gives equal expressions equal numbers and counts how often each is read.
class Sharing {
 public:
  struct Entry {
    const Expr* expr = nullptr;
    int uses = 0;
    int level = 0;  // projections that must lie below
    bool worth = false;
    std::vector<int> args;
    std::string name;
  };

  int Intern(const Expr& e) {
    if (const auto it = by_pointer_.find(&e); it != by_pointer_.end()) return it->second;
    std::string key = std::to_string(static_cast<int>(e.kind)) + ":" +
                      std::to_string(static_cast<int>(e.type)) + ":" +
                      std::to_string(static_cast<int>(e.compare)) + (e.negated ? "!" : "");
    std::vector<int> args;
    for (const ExprPtr& arg : e.args) {
      args.push_back(Intern(*arg));
      key += "," + std::to_string(args.back());
    }
    if (e.kind == ExprKind::kColumn) key += "#" + std::to_string(e.column);
    if (e.kind == ExprKind::kLiteral) key += "'" + LiteralSql(e.type, e.value);
    if (e.kind == ExprKind::kSql) key += "$" + e.sql;
    // Never merged: each evaluation gives another value, or is a query.
    if (e.volatility != kql::Volatility::kPure || e.query) {
      key += "@" + std::to_string(entries_.size());
    }
    const auto [it, fresh] = by_key_.try_emplace(std::move(key), static_cast<int>(entries_.size()));
    by_pointer_.emplace(&e, it->second);
    if (fresh) {
      Entry entry;
      entry.expr = &e;
      entry.args = std::move(args);
      entry.worth = IsWorth(e);
      entries_.push_back(std::move(entry));
      for (const int arg : entries_[it->second].args) ++entries_[arg].uses;
    }
    return it->second;
  }
  void Root(const Expr& e) { ++entries_[Intern(e)].uses; }

  std::vector<Entry>& entries() { return entries_; }
  const std::unordered_map<const Expr*, int>& pointers() const { return by_pointer_; }

 private:
  // A function of ours over a column: the others cost less than the copy.
  static bool IsWorth(const Expr& e) {
    return e.kind == ExprKind::kSql && e.volatility == kql::Volatility::kPure &&
           e.sql.find("kql_") != std::string::npos && !IsConstant(e);
  }

  std::vector<Entry> entries_;
  std::unordered_map<std::string, int> by_key_;
  std::unordered_map<const Expr*, int> by_pointer_;
};

}  // namespace

Result<std::string> Emitter::Hoist(std::string relation, const std::vector<ExprPtr>& roots) {
  KC_ASSERT(shared_names_.empty());
  Sharing sharing;
  for (const ExprPtr& root : roots) sharing.Root(*root);
  // Arguments come before what reads them.
  int levels = 0;
  for (Sharing::Entry& entry : sharing.entries()) {
    for (const int arg : entry.args) {
      const Sharing::Entry& a = sharing.entries()[arg];
      entry.level = std::max(entry.level, a.level);
    }
    if (!entry.worth || entry.uses < 2) continue;
    entry.name = "h" + std::to_string(next_name_++);
    ++entry.level;
    levels = std::max(levels, entry.level);
  }
  for (int level = 1; level <= levels; ++level) {
    std::string items;
    std::vector<const Sharing::Entry*> made;
    for (const Sharing::Entry& entry : sharing.entries()) {
      if (entry.name.empty() || entry.level != level) continue;
      KC_ASSIGN(const std::string value, Emit(*entry.expr, false));
      items += ", " + value + " AS " + entry.name;
      made.push_back(&entry);
    }
    relation = "SELECT *" + items + " FROM (" + relation + ")";
    for (const auto& [pointer, index] : sharing.pointers()) {
      const Sharing::Entry& entry = sharing.entries()[index];
      if (!entry.name.empty() && entry.level == level) shared_names_.emplace(pointer, entry.name);
    }
  }
  return relation;
}

}  // namespace kc::engine
