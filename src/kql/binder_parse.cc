// parse, parse-where and parse-kv: columns out of a text.
//
// The pattern becomes one regular expression. Simple and relaxed patterns are anchored at both ends
// and their columns take as little as they can; a pattern of kind=regex has greedy columns, and its
// texts are regular expressions themselves.
#include "base/text.h"
#include "kql/binder_impl.h"

namespace kc::kql {

namespace {

using Part = ast::ParsePart;

struct Capture {
  std::string name;
  ScalarType type = ScalarType::kString;
  int group = 0;  // of the regular expression, from 1
};

struct Pattern {
  std::string regex;
  std::vector<Capture> captures;
  int groups = 0;
};

std::string QuoteRegex(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) quoted += '\\';
    quoted += c;
  }
  return quoted;
}

// Capturing groups in a regular expression that a user wrote.
int CountGroups(std::string_view regex) {
  int groups = 0;
  bool in_class = false;
  for (size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '\\') {
      ++i;
    } else if (in_class) {
      in_class = regex[i] != ']';
    } else if (regex[i] == '[') {
      in_class = true;
    } else if (regex[i] == '(') {
      const std::string_view rest = regex.substr(i + 1);
      if (!rest.starts_with('?') || rest.starts_with("?P<") || rest.starts_with("?<")) ++groups;
    }
  }
  return groups;
}

bool IsInteger(ScalarType type) {
  return type == ScalarType::kInt || type == ScalarType::kLong;
}

// What a column matches, without its parentheses.
std::string ColumnRegex(const ast::ParseOp& op, size_t i, bool regex) {
  const ScalarType type = op.parts[i].type.value_or(ScalarType::kString);
  const bool last = i + 1 == op.parts.size();
  const bool open_end = last || op.parts[i + 1].kind == Part::Kind::kStar;
  // Nothing but the digits themselves tells where a number ends before a star.
  if (IsInteger(type) && (regex || open_end)) return "-?\\d+";
  if (regex || last) return ".*";
  return ".*?";
}

Pattern BuildPattern(const ast::ParseOp& op, bool regex, const std::string& flags) {
  Pattern pattern;
  pattern.regex = regex ? (flags.empty() ? "" : "(?" + flags + ")") : "(?s)";
  pattern.regex += "^";
  for (size_t i = 0; i < op.parts.size(); ++i) {
    const Part& part = op.parts[i];
    switch (part.kind) {
      case Part::Kind::kStar:
        pattern.regex += ".*?";
        break;
      case Part::Kind::kText:
        if (regex) pattern.groups += CountGroups(part.text);
        pattern.regex += regex ? "(?:" + part.text + ")" : QuoteRegex(part.text);
        break;
      case Part::Kind::kColumn:
        pattern.regex += "(" + ColumnRegex(op, i, regex) + ")";
        pattern.captures.push_back(
            {part.text, part.type.value_or(ScalarType::kString), ++pattern.groups});
        break;
    }
  }
  if (op.parts.back().kind != Part::Kind::kStar) pattern.regex += "$";
  return pattern;
}

// ['g1', 'g2', …]: the names of the fields of regexp_extract's struct.
std::string GroupNames(int count) {
  std::string names = "[";
  for (int i = 1; i <= count; ++i) {
    if (i > 1) names += ", ";
    names += "'g" + std::to_string(i) + "'";
  }
  return names + "]";
}

ExprPtr IsNotNull(ExprPtr value) {
  return MakeSql(ScalarType::kBool, "($1 IS NOT NULL)", {std::move(value)});
}

}  // namespace

Result<NodePtr> Binder::Operate(const ast::ParseOp& op, NodePtr in, const EnvPtr& env) {
  const std::string* kind = ast::FindParameter(op.params, "kind");
  const std::string* flags = ast::FindParameter(op.params, "flags");
  const bool regex = kind != nullptr && *kind == "regex";
  const bool relaxed = kind != nullptr && *kind == "relaxed";
  if (kind != nullptr && !regex && !relaxed && *kind != "simple") {
    return Semantic("SEM0037", "parse: kind is simple, regex or relaxed, not '" + *kind + "'");
  }
  if (flags != nullptr && (!regex || flags->find_first_not_of("ismU") != std::string::npos)) {
    return Semantic("SEM0037", "parse: flags are some of i, s, m and U, with kind=regex");
  }
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr source, BindScalar(*op.source, scope));
  KC_ASSIGN(source, Convert(std::move(source), ScalarType::kString));
  const Pattern pattern = BuildPattern(op, regex, flags == nullptr ? "" : *flags);

  NodePtr node = std::move(rows.node);
  const auto compute = [&](ScalarType type, ExprPtr value) {
    const ColumnId id = NewColumn();
    node = MakeCompute(std::move(node), {{id, std::move(value)}});
    return MakeColumn(id, type);
  };
  const ExprPtr text = MakeString(pattern.regex);
  ExprPtr ok = compute(ScalarType::kBool,
                       MakeSql(ScalarType::kBool, "regexp_matches($1, $2)", {source, text}));
  const ExprPtr groups = compute(
      ScalarType::kDynamic,
      MakeSql(ScalarType::kDynamic, "regexp_extract($1, $2, " + GroupNames(pattern.groups) + ")",
              {source, text}));
  std::vector<std::pair<ColumnId, ExprPtr>> assignments;
  std::vector<ExprPtr> values;
  std::vector<ExprPtr> valid = {ok};
  for (const Capture& capture : pattern.captures) {
    const std::string field = "$1['g" + std::to_string(capture.group) + "']";
    const bool is_string = capture.type == ScalarType::kString;
    ExprPtr raw = MakeSql(
        ScalarType::kString,
        is_string ? field : "trim(" + field + ", ' ' || chr(9) || chr(10) || chr(13))", {groups});
    KC_ASSIGN(ExprPtr value, Convert(std::move(raw), capture.type));
    const ColumnId id = NewColumn();
    assignments.emplace_back(id, std::move(value));
    values.push_back(MakeColumn(id, capture.type));
    if (!is_string && !relaxed) valid.push_back(IsNotNull(values.back()));
  }
  if (!assignments.empty()) node = MakeCompute(std::move(node), std::move(assignments));
  if (valid.size() > 1) ok = compute(ScalarType::kBool, MakeAnd(std::move(valid)));
  std::vector<NamedExpr> named;
  for (size_t i = 0; i < values.size(); ++i) {
    const ScalarType type = values[i]->type;
    named.push_back(
        {pattern.captures[i].name, true, MakeCase(type, {ok, values[i], MakeNull(type)})});
  }
  if (op.where) node = MakeFilter(std::move(node), ok);
  auto shown = MakeShow(std::move(node), in->columns);
  return AddColumns(std::move(shown), std::move(named));
}

Result<NodePtr> Binder::Operate(const ast::ParseKv& op, NodePtr in, const EnvPtr& env) {
  std::string pair = " ", delimiter = "=", quote, escape;
  for (const ast::Parameter& p : op.params) {
    if (p.name == "pair_delimiter") {
      pair = p.value;
    } else if (p.name == "kv_delimiter") {
      delimiter = p.value;
    } else if (p.name == "quote") {
      quote = p.value;
    } else if (p.name == "escape") {
      escape = p.value;
    } else if (p.name != "greedy" || p.value != "false") {
      return Semantic("SEM0037", "parse-kv: the option '" + p.name + "' is not supported");
    }
  }
  if (pair.empty() || delimiter.empty() || quote.size() > 2 || escape.size() > 1) {
    return Semantic("SEM0037", "parse-kv: wrong delimiter, quote or escape");
  }
  Rows rows = RowsOf(in);
  const Scope scope{env, &rows};
  KC_ASSIGN(ExprPtr source, BindScalar(*op.source, scope));
  KC_ASSIGN(source, Convert(std::move(source), ScalarType::kString));
  std::vector<NamedExpr> named;
  for (const ast::ColumnDecl& column : op.columns) {
    ExprPtr raw = MakeSql(ScalarType::kString, "coalesce(kql_parse_kv($1, $2, $3, $4, $5, $6), '')",
                          {source, MakeString(column.name), MakeString(pair), MakeString(delimiter),
                           MakeString(quote), MakeString(escape)});
    KC_ASSIGN(ExprPtr value, Convert(std::move(raw), column.type));
    named.push_back({column.name, true, std::move(value)});
  }
  return AddColumns(std::move(rows.node), std::move(named));
}

}  // namespace kc::kql
