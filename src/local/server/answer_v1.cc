#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "local/server/answers.h"
#include "world/random.h"

namespace kc::local {
namespace {

class V1Writer {
 public:
  V1Writer(const AnswerContext& context, AnswerSink& sink) : context_(context), sink_(sink) {}

  Status Write(RowSources& tables, bool is_query, std::optional<Error>& failure) {
    KC_ASSIGN(FirstRows first, ReadFirst(tables));
    out() += "{\"Tables\":[";
    for (std::unique_ptr<RowSource>& table : tables) {
      BeginTable(table->columns);
      Rows(*table, std::exchange(first, FirstRows{}), failure);
      out() += "]}";
      if (failure || !sink_.alive()) break;
    }
    if (is_query && !failure) SideTables(tables);
    out() += ']';
    if (failure) {
      out() += ",\"Exceptions\":[" + JsonString(ExceptionText(*failure, context_.error)) + ']';
    }
    out() += '}';
    return {};
  }

 private:
  std::string& out() { return sink_.text(); }

  void BeginTable(const std::vector<ColumnSchema>& columns) {
    if (count_ != 0) out() += ',';
    out() += fmt::format("{{\"TableName\":\"Table_{}\",\"Columns\":[", count_++);
    for (size_t i = 0; i < columns.size(); ++i) {
      if (i != 0) out() += ',';
      out() += "{\"ColumnName\":";
      AppendJsonString(out(), columns[i].name);
      out() += fmt::format(",\"DataType\":\"{}\",\"ColumnType\":\"{}\"}}",
                           DotNetName(columns[i].type), KustoName(columns[i].type));
    }
    out() += "],\"Rows\":[";
  }

  // `first` has been read before.
  void Rows(RowSource& table, FirstRows first, std::optional<Error>& failure) {
    TableSize size{first.rows, static_cast<int64_t>(first.text.size())};
    out() += first.text;
    failure = first.failure;
    while (!failure && sink_.Poll()) {
      std::string rows;
      auto more = table.Next(rows);
      if (!more) {
        failure = std::move(more).error();
      } else if (*more == 0) {
        break;
      } else {
        if (size.rows != 0) out() += ',';
        out() += rows;
        size.rows += *more;
        size.bytes += static_cast<int64_t>(rows.size());
      }
    }
    if (failure) {
      if (size.rows != 0) out() += ',';
      out() += "{\"Exceptions\":[" + JsonString(ExceptionText(*failure, context_.error)) + "]}";
    }
    sizes_.push_back(size);
  }

  void SideTables(const RowSources& tables) {
    const size_t results = tables.size();
    BeginTable({{"Value", ScalarType::kString}});
    const std::string_view visualization = context_.visualization.empty()
                                               ? kNoVisualization
                                               : std::string_view(context_.visualization);
    for (size_t i = 0; i < results; ++i) {
      if (i != 0) out() += ',';
      out() += '[' + JsonString(visualization) + ']';
    }
    if (!context_.cursor.empty()) {
      out() += ",[" + JsonString("{\"Cursor\":" + JsonString(context_.cursor) + "}") + ']';
    }
    out() += "]}";
    StatusTable();
    ContentsTable(results);
  }

  void StatusTable() {
    BeginTable({{"Timestamp", ScalarType::kDateTime},
                {"Severity", ScalarType::kInt},
                {"SeverityName", ScalarType::kString},
                {"StatusCode", ScalarType::kInt},
                {"StatusDescription", ScalarType::kString},
                {"Count", ScalarType::kInt},
                {"RequestId", ScalarType::kGuid},
                {"ActivityId", ScalarType::kGuid},
                {"SubActivityId", ScalarType::kGuid},
                {"ClientActivityId", ScalarType::kString}});
    StatusRow(4, "Info", "Query completed successfully");
    out() += ',';
    StatusRow(6, "Stats",
              ResourceConsumption(sizes_, context_.clock.Monotonic() - context_.started));
    out() += "]}";
  }

  void StatusRow(int severity, std::string_view name, std::string_view description) {
    const std::string& activity = context_.request.activity_id;
    out() += fmt::format("[\"{}\",{},\"{}\",0,{},1,\"{}\",\"{}\",\"{}\",{}]",
                         FormatDateTime(context_.clock.NowTicks()), severity, name,
                         JsonString(description), activity, activity, activity,
                         JsonString(context_.request.client_request_id));
  }

  void ContentsTable(size_t results) {
    BeginTable({{"Ordinal", ScalarType::kLong},
                {"Kind", ScalarType::kString},
                {"Name", ScalarType::kString},
                {"Id", ScalarType::kString},
                {"PrettyName", ScalarType::kString}});
    size_t ordinal = 0;
    for (; ordinal < results; ++ordinal) {
      out() += fmt::format("[{},\"QueryResult\",\"PrimaryResult\",\"{}\",\"\"],", ordinal,
                           world::SystemRandom().Guid());
    }
    out() += fmt::format("[{},\"QueryProperties\",\"@ExtendedProperties\",\"{}\",\"\"],", ordinal,
                         world::SystemRandom().Guid());
    out() +=
        fmt::format("[{},\"QueryStatus\",\"QueryStatus\",\"{}\",\"\"]]}}", ordinal + 1, kZeroGuid);
  }

  const AnswerContext& context_;
  AnswerSink& sink_;
  size_t count_ = 0;
  std::vector<TableSize> sizes_;
};

}  // namespace

Status WriteV1(RowSources& tables, bool is_query, const AnswerContext& context, AnswerSink& sink,
               std::optional<Error>& failure) {
  return V1Writer(context, sink).Write(tables, is_query, failure);
}

}  // namespace kc::local
