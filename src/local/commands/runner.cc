#include "local/commands/runner.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/ticks.h"
#include "local/catalog/cluster.h"

namespace kc::local {
namespace {

// Kusto's limits of time: learn.microsoft.com, "Query limits".
constexpr double kQueryTimeout = 4 * 60;
constexpr double kCommandTimeout = 10 * 60;
constexpr double kMaxTimeout = 60 * 60;
// A command may run commands (scripts, execute_show_command in a query …): no deeper than this.
constexpr int kMaxNesting = 8;
thread_local int nesting = 0;

struct Nesting {
  Nesting() { ++nesting; }
  ~Nesting() { --nesting; }
};

const std::string* FindOption(const RequestOptions& request, std::string_view name) {
  const auto found = request.options.find(name);
  return found == request.options.end() ? nullptr : &found->second;
}

Result<bool> BoolOption(const RequestOptions& request, std::string_view name) {
  const std::string* value = FindOption(request, name);
  if (value == nullptr || EqualsIgnoreCase(*value, "false") || *value == "0") return false;
  if (EqualsIgnoreCase(*value, "true") || *value == "1") return true;
  return Stop(
      "Request property '" + std::string(name) + "' must be true or false, not '" + *value + "'",
      "General_BadRequest");
}

// Lowers `limit` to the option's value; 0 is no limit.
Status LowerLimit(const RequestOptions& request, std::string_view name, int64_t& limit,
                  bool& given) {
  const std::string* value = FindOption(request, name);
  if (value == nullptr) return {};
  const auto number = ParseInt64(*value);
  if (!number || *number < 0) {
    return Stop(
        "Request property '" + std::string(name) + "' must be a number, not '" + *value + "'",
        "General_BadRequest");
  }
  given = true;
  limit = limit == 0 ? *number : std::min(limit, *number);
  return {};
}

// Options that would change an answer and are not supported: refused, so that nobody gets another
// answer than he asked for.
constexpr std::string_view kRefusedOptions[] = {"query_cursor_after_default",
                                                "query_cursor_before_or_at_default",
                                                "query_cursor_current",
                                                "query_cursor_disabled",
                                                "query_cursor_scoped_tables",
                                                "query_force_row_level_security",
                                                "request_block_row_level_security",
                                                "request_impersonation_disabled"};

// `options`: of the request, or of the text's set statements.
template <typename Map>
Status RefuseOptions(const Map& options) {
  for (const auto& [name, value] : options) {
    const std::string lower = ToLowerAscii(name);
    for (const std::string_view refused : kRefusedOptions) {
      if (lower == refused && !EqualsIgnoreCase(value, "false")) {
        return Stop("The request property '" + name + "' is not supported", "General_BadRequest");
      }
    }
    if (lower == "query_language" && !EqualsIgnoreCase(value, "csl") &&
        !EqualsIgnoreCase(value, "kql")) {
      return Stop("The query language '" + value + "' is not supported", "General_BadRequest");
    }
  }
  return {};
}

}  // namespace

Result<double> RequestTimeout(const RequestOptions& request, bool is_command) {
  KC_ASSIGN(const bool longest, BoolOption(request, "norequesttimeout"));
  if (longest) return kMaxTimeout;
  const std::string* value = FindOption(request, "servertimeout");
  if (value == nullptr) return is_command ? kCommandTimeout : kQueryTimeout;
  const auto ticks = ParseTimeSpan(*value);
  if (!ticks || *ticks <= 0) {
    return Stop("Request property 'servertimeout' must be a timespan, not '" + *value + "'",
                "General_BadRequest");
  }
  const double seconds = static_cast<double>(*ticks) / static_cast<double>(kTicksPerSecond);
  return std::min(seconds, kMaxTimeout);
}

Result<engine::QueryRequest> Runner::MakeRequest(std::string_view text,
                                                 const RequestOptions& request,
                                                 world::CancelToken* cancel) const {
  KC_TRY(RefuseOptions(request.options));
  engine::QueryRequest query;
  query.text = std::string(text);
  query.cancel = cancel;
  query.parameters.insert(request.parameters.begin(), request.parameters.end());
  KC_ASSIGN(query.timeout_s, RequestTimeout(request, false));
  if (const std::string* now = FindOption(request, "query_now")) {
    const auto ticks = ParseDateTime(*now);
    if (!ticks) {
      return Stop("Request property 'query_now' must be a datetime, not '" + *now + "'",
                  "General_BadRequest");
    }
    query.now_ticks = *ticks;
  }
  KC_ASSIGN(const bool no_truncation, BoolOption(request, "notruncation"));
  bool given = false;
  KC_TRY(LowerLimit(request, "truncationmaxrecords", query.max_rows, given));
  KC_TRY(LowerLimit(request, "query_take_max_records", query.max_rows, given));
  KC_TRY(LowerLimit(request, "truncationmaxsize", query.max_bytes, given));
  if (no_truncation && !given) {
    query.max_rows = 0;
    query.max_bytes = 0;
  }
  return query;
}

Result<QuerySession> Runner::OpenSession(const std::string& database, const RequestOptions& request,
                                         std::shared_ptr<world::CancelToken> cancel) const {
  if (!parts_.open_session) return Stop("queries are not available", "General_BadRequest");
  return parts_.open_session(
      database, request,
      [this, nested = request, cancel](const std::string& where, std::string_view text) {
        return RunToTable(text, where, nested, cancel);
      });
}

Result<RunningQuery> Runner::RunQuery(
    std::string_view text, const std::string& database, const RequestOptions& request,
    std::shared_ptr<world::CancelToken> cancel,
    std::map<std::string, std::shared_ptr<const ValueTable>> tables) const {
  RunningQuery query;
  query.cancel = cancel;
  KC_ASSIGN(QuerySession session, OpenSession(database, request, cancel));
  query.session = std::make_shared<QuerySession>(std::move(session));
  KC_ASSIGN(engine::QueryRequest engine_request, MakeRequest(text, request, cancel.get()));
  engine_request.tables = std::move(tables);
  KC_ASSIGN(query.result, parts_.cluster->engine()->Run(engine_request, *query.session->catalog,
                                                        *query.session->catalog));
  KC_TRY(RefuseOptions(query.result.options));
  const auto now = query.result.options.find("query_now");
  if (now != query.result.options.end() && engine_request.now_ticks == 0) {
    const auto ticks = ParseDateTime(now->second);
    if (!ticks) return Stop("query_now must be a datetime, not '" + now->second + "'", "SEM0001");
    engine_request.now_ticks = *ticks;
    KC_ASSIGN(query.result, parts_.cluster->engine()->Run(engine_request, *query.session->catalog,
                                                          *query.session->catalog));
  }
  return query;
}

Result<std::vector<ValueTable>> Runner::RunHandler(std::string_view command,
                                                   const std::string& database,
                                                   const RequestOptions& request,
                                                   std::shared_ptr<world::CancelToken> cancel,
                                                   Activities::Running* running) const {
  if (nesting >= kMaxNesting) {
    return Stop("Commands are nested too deeply", "General_BadRequest");
  }
  const Nesting nested;
  KC_ASSIGN(FoundCommand found, parts_.registry->Find(command));
  if (running != nullptr) running->SetCommandType(found.entry->kind);
  const bool writes = found.entry->effect == CommandEffect::kWritesDatabase ||
                      found.entry->effect == CommandEffect::kWritesCluster;
  if (writes && request.read_only) {
    return Stop("The request is read-only: the command '" + found.entry->kind + "' is refused",
                "Forbidden");
  }
  CommandContext context{
      .cluster = *parts_.cluster,
      .operations = parts_.operations,
      .activities = parts_.activities,
      .registry = parts_.registry,
      .database = database,
      .request = request,
      .cancel = cancel,
      .run = [this, &database, &request, cancel](
                 std::string_view text) { return RunToTable(text, database, request, cancel); },
      .validate = [this, &request, cancel](std::string_view text, const std::string& where)
          -> Result<std::vector<ColumnSchema>> {
        KC_ASSIGN(QuerySession session, OpenSession(where, request, cancel));
        KC_ASSIGN(engine::QueryRequest query, MakeRequest(text, request, cancel.get()));
        return parts_.cluster->engine()->Schema(query, *session.catalog, *session.catalog);
      },
  };
  KC_ASSIGN(CommandResult result, found.entry->handler(found.command, context));
  return std::move(result.tables);
}

Result<CommandAnswer> Runner::RunCommand(std::string_view text, const std::string& database,
                                         const RequestOptions& request,
                                         std::shared_ptr<world::CancelToken> cancel,
                                         Activities::Running* running) const {
  const SplitCommand split = SplitPipedCommand(text);
  CommandAnswer answer;
  KC_ASSIGN(answer.tables, RunHandler(split.command, database, request, cancel, running));
  if (split.query.empty()) return answer;
  if (answer.tables.empty()) {
    return Stop("The command has no result that a query could read", "General_BadRequest");
  }
  std::map<std::string, std::shared_ptr<const ValueTable>> tables;
  tables.emplace(engine::kPipedInput,
                 std::make_shared<ValueTable>(std::move(answer.tables.front())));
  answer.tables.clear();
  const std::string query = KqlName(engine::kPipedInput) + " | " + std::string(split.query);
  KC_ASSIGN(answer.query, RunQuery(query, database, request, std::move(cancel), std::move(tables)));
  return answer;
}

Result<ValueTable> Runner::RunToTable(std::string_view text, const std::string& database,
                                      const RequestOptions& request,
                                      std::shared_ptr<world::CancelToken> cancel) const {
  if (!IsCommandText(text)) {
    KC_ASSIGN(QuerySession session, OpenSession(database, request, cancel));
    KC_ASSIGN(engine::QueryRequest engine_request, MakeRequest(text, request, cancel.get()));
    engine_request.max_rows = 0;
    engine_request.max_bytes = 0;
    return parts_.cluster->engine()->Collect(engine_request, *session.catalog, *session.catalog);
  }
  const SplitCommand split = SplitPipedCommand(text);
  KC_ASSIGN(std::vector<ValueTable> tables,
            RunHandler(split.command, database, request, cancel, nullptr));
  if (tables.empty()) return ValueTable{};
  if (split.query.empty()) return std::move(tables.front());
  KC_ASSIGN(QuerySession session, OpenSession(database, request, cancel));
  const std::string query = KqlName(engine::kPipedInput) + " | " + std::string(split.query);
  KC_ASSIGN(engine::QueryRequest engine_request, MakeRequest(query, request, cancel.get()));
  engine_request.max_rows = 0;
  engine_request.max_bytes = 0;
  engine_request.tables.emplace(engine::kPipedInput,
                                std::make_shared<ValueTable>(std::move(tables.front())));
  return parts_.cluster->engine()->Collect(engine_request, *session.catalog, *session.catalog);
}

}  // namespace kc::local
