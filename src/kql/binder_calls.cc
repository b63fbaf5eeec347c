// Calls of scalar functions: which implementation a call means, and the registry's overloads.
#include <algorithm>

#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

struct Parameter {
  std::string_view type;  // as in the registry, without [ ] and ...
  bool optional = false;
  bool repeated = false;
};

std::vector<Parameter> ParseSignature(std::string_view text) {
  std::vector<Parameter> parameters;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    std::string_view item = Trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    Parameter parameter;
    if (item.size() > 2 && item.front() == '[' && item.back() == ']') {
      parameter.optional = true;
      item = item.substr(1, item.size() - 2);
    }
    if (item.ends_with("...")) {
      parameter.repeated = true;
      item.remove_suffix(3);
    }
    parameter.type = item;
    parameters.push_back(parameter);
  }
  return parameters;
}

bool IsNum(ScalarType type) {
  return type == ScalarType::kInt || type == ScalarType::kLong || type == ScalarType::kReal;
}

constexpr int kNoMatch = -1;
// What it costs to give an argument to a parameter: 0 exactly, more for each step of conversion.
int ConversionCost(const ExprPtr& arg, ScalarType to) {
  const ScalarType from = arg->type;
  if (from == to) return 0;
  if (IsNullLiteral(arg) && to != ScalarType::kString) return 1;
  const bool number = IsNum(from) || from == ScalarType::kDecimal;
  if (number && to == ScalarType::kLong && from == ScalarType::kInt) return 1;
  if (number && to == ScalarType::kReal) return from == ScalarType::kDecimal ? 4 : 2;
  if (number && to == ScalarType::kDecimal) return 3;
  if (from == ScalarType::kDynamic) return 5;
  return kNoMatch;
}

struct Overload {
  const ScalarFunction* row = nullptr;
  std::vector<std::optional<ScalarType>> types;  // of the arguments; nothing: as they are
  std::optional<ScalarType> t;                   // what T stands for
  int cost = kNoMatch;
};

// Gives parameter `type` to `arg`; the cost or kNoMatch.
int Fit(std::string_view type, const ExprPtr& arg, Overload& overload) {
  if (type == "any") {
    overload.types.emplace_back();
    return 1;
  }
  if (type == "packed" || type == "text") {  // any type, given as a dynamic or as tostring() of it
    overload.types.emplace_back(type == "text" ? ScalarType::kString : ScalarType::kDynamic);
    return 1;
  }
  if (type == "T") {
    overload.types.emplace_back(overload.t);
    return overload.t ? 1 : kNoMatch;
  }
  if (type == "num") {
    if (IsNum(arg->type)) {
      overload.types.emplace_back();
      return 1;
    }
    if (arg->type != ScalarType::kDynamic && arg->type != ScalarType::kDecimal) return kNoMatch;
    overload.types.emplace_back(ScalarType::kReal);
    return 6;
  }
  const auto scalar = ParseScalarType(type);
  KC_ASSERT(scalar.has_value());
  overload.types.emplace_back(*scalar);
  return ConversionCost(arg, *scalar);
}

Overload Match(const ScalarFunction& row, const std::vector<ExprPtr>& args) {
  Overload overload;
  overload.row = &row;
  const std::vector<Parameter> parameters = ParseSignature(row.arguments);
  // T: the common type of the arguments that have it.
  std::vector<ExprPtr> same;
  for (size_t i = 0; i < args.size() && !parameters.empty(); ++i) {
    const Parameter& p = parameters[std::min(i, parameters.size() - 1)];
    if (p.type == "T") same.push_back(args[i]);
  }
  if (!same.empty()) {
    overload.t = Binder::CommonType(same);
    if (!overload.t) return overload;
  }
  size_t next = 0;
  int cost = 0;
  for (size_t p = 0; p < parameters.size(); ++p) {
    const Parameter& parameter = parameters[p];
    if (next == args.size()) {
      const bool variadic = row.sql.find("$*") != std::string_view::npos;
      if (!parameter.optional || !variadic) return overload;
      continue;
    }
    do {
      const int step = Fit(parameter.type, args[next], overload);
      if (step == kNoMatch) return overload;
      cost += step;
      ++next;
    } while (parameter.repeated && next < args.size());
  }
  if (next == args.size()) overload.cost = cost;
  return overload;
}

std::span<const ScalarFunction> RowsOfName(std::string_view name) {
  const auto all = ScalarFunctions();
  const auto less = [](const auto& a, const auto& b) {
    if constexpr (std::is_same_v<std::decay_t<decltype(a)>, ScalarFunction>) {
      return a.name < b;
    } else {
      return a < b.name;
    }
  };
  const auto first = std::lower_bound(all.begin(), all.end(), name, less);
  const auto last = std::upper_bound(first, all.end(), name, less);
  return {first, last};
}

std::string TypeList(const std::vector<ExprPtr>& args) {
  std::vector<std::string> types;
  for (const ExprPtr& arg : args) types.emplace_back(KustoName(arg->type));
  return Join(types, ", ");
}

}  // namespace

bool Binder::IsRegistryFunction(std::string_view name) const {
  return !RowsOfName(name).empty();
}

Result<ExprPtr> Binder::CallFunction(std::string_view name, std::vector<ExprPtr> args) {
  KC_TRY(Count());
  Overload best;
  const auto rows = RowsOfName(name);
  for (const ScalarFunction& row : rows) {
    Overload overload = Match(row, args);
    if (overload.cost != kNoMatch && (best.cost == kNoMatch || overload.cost < best.cost)) {
      best = std::move(overload);
      if (best.cost == 0) break;
    }
  }
  const std::string shown(name.starts_with("op:") ? name.substr(3) : name);
  if (rows.empty()) return Semantic("SEM0260", "Unknown function: '" + shown + "'");
  if (best.cost == kNoMatch) {
    return Semantic(
        "SEM0026", "'" + shown + "' does not take arguments of the types (" + TypeList(args) + ")");
  }
  for (size_t i = 0; i < args.size(); ++i) {
    if (best.types[i]) {
      KC_ASSIGN(args[i], Convert(std::move(args[i]), *best.types[i]));
    }
  }
  ScalarType result = ScalarType::kString;
  if (best.row->result == "T") {
    result = *best.t;
  } else if (best.row->result == "1") {
    result = args.at(0)->type;
  } else {
    const auto type = ParseScalarType(best.row->result);
    KC_ASSERT(type.has_value());
    result = *type;
  }
  // Two functions that the registry knows how to do in one step.
  if (args.size() == 1 && !args[0]->function.empty()) {
    const std::string fused =
        "fused:" + std::string(name) + "(" + std::string(args[0]->function) + ")";
    for (const ScalarFunction& row : RowsOfName(fused)) {
      if (Match(row, args[0]->args).cost == kNoMatch) continue;
      return MakeSql(result, std::string(row.sql), args[0]->args);
    }
  }
  ExprPtr call = MakeSql(result, std::string(best.row->sql), std::move(args),
                         best.row->deterministic ? Volatility::kPure : Volatility::kVolatile);
  std::const_pointer_cast<Expr>(call)->function = best.row->name;
  return call;
}

Result<std::vector<ExprPtr>> Binder::BindArgs(const ast::Expr& call, const Scope& scope) {
  std::vector<ExprPtr> args;
  for (const ast::ExprPtr& arg : call.args) {
    if (arg->kind == ast::ExprKind::kStar && scope.rows != nullptr) {
      for (const Column& column : scope.rows->columns) args.push_back(MakeColumn(column));
      continue;
    }
    KC_ASSIGN(ExprPtr bound, BindScalar(*arg, scope));
    args.push_back(std::move(bound));
  }
  return args;
}

namespace {

// extract(…, typeof(long)): the last argument says what the result becomes.
bool HasResultType(const ast::Expr& call) {
  if (call.args.size() < 2 || call.args.back()->kind != ast::ExprKind::kTypeOf ||
      !call.args.back()->columns.empty()) {
    return false;
  }
  for (const std::string_view name :
       {"extract", "extract_json", "extractjson", "percentile_tdigest"}) {
    if (call.text == name) return true;
  }
  return false;
}

std::string_view ConversionTo(ScalarType type) {
  switch (type) {
    case ScalarType::kReal:
      return "todouble";
    case ScalarType::kString:
      return "tostring";
    case ScalarType::kBool:
      return "tobool";
    case ScalarType::kInt:
      return "toint";
    case ScalarType::kLong:
      return "tolong";
    case ScalarType::kDecimal:
      return "todecimal";
    case ScalarType::kDateTime:
      return "todatetime";
    case ScalarType::kTimeSpan:
      return "totimespan";
    case ScalarType::kGuid:
      return "toguid";
    case ScalarType::kDynamic:
      return "todynamic";
  }
  return "tostring";
}

}  // namespace

Result<Bound> Binder::BindTyped(const ast::Expr& call, const Scope& scope) {
  KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
  args.pop_back();
  KC_ASSIGN(ExprPtr value, CallFunction(call.text, std::move(args)));
  const ScalarType type = call.args.back()->type;
  if (value->type == ScalarType::kReal &&
      (type == ScalarType::kDateTime || type == ScalarType::kTimeSpan)) {
    KC_ASSIGN(value, CallFunction("tolong", {std::move(value)}));
  }
  KC_ASSIGN(ExprPtr result, CallFunction(ConversionTo(type), {std::move(value)}));
  return Bound{std::move(result), nullptr};
}

Result<Bound> Binder::BindCall(const ast::Expr& call, const Scope& scope) {
  if (const auto name = FindName(scope.env, call.text); name && name->function != nullptr) {
    return CallUser(*name->function, name->env, call.text, call, scope);
  }
  if (IsAggregate(call.text) && scope.rows != nullptr && scope.rows->aggregates != nullptr) {
    KC_ASSIGN(ExprPtr aggregate, BindAggregate(call, scope));
    return Bound{std::move(aggregate), nullptr};
  }
  KC_ASSIGN(std::optional<ExprPtr> special, BindSpecial(call, scope));
  if (special) return Bound{std::move(*special), nullptr};
  if (IsRegistryFunction(call.text) && call.text.find(':') == std::string::npos) {
    if (HasResultType(call)) return BindTyped(call, scope);
    KC_ASSIGN(std::vector<ExprPtr> args, BindArgs(call, scope));
    KC_ASSIGN(ExprPtr result, CallFunction(call.text, std::move(args)));
    return Bound{std::move(result), nullptr};
  }
  KC_ASSIGN(auto stored, StoredFunction(scope.env->database, call.text));
  if (stored.first != nullptr) {
    return CallUser(*stored.first, stored.second, call.text, call, scope);
  }
  if (IsAggregate(call.text)) {
    return Semantic("SEM0261", "The aggregate '" + call.text + "' is not allowed here");
  }
  return Semantic("SEM0260", "Unknown function: '" + call.text + "'");
}

}  // namespace kc::kql
