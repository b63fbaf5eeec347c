#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/ticks.h"
#include "local/server/answers.h"

namespace kc::local {
namespace {

// What the request says about the form of the stream (kusto.md §1.3).
struct StreamForm {
  bool fragmented = false;
  bool newlines = false;
  bool defer_failures = false;  // failures only in the status table
  enum class Placement { kInData, kEndOfTable, kEndOfDataSet } placement = Placement::kInData;
};

bool IsTrue(const RequestOptions& request, std::string_view name) {
  const auto found = request.options.find(name);
  return found != request.options.end() &&
         (EqualsIgnoreCase(found->second, "true") || found->second == "1");
}

StreamForm FormOf(const RequestOptions& request) {
  StreamForm form;
  form.fragmented = IsTrue(request, "results_v2_fragment_primary_tables");
  form.newlines = IsTrue(request, "results_v2_newlines_between_frames");
  form.defer_failures = IsTrue(request, "deferpartialqueryfailures");
  const auto placement = request.options.find("results_error_reporting_placement");
  if (placement != request.options.end()) {
    if (EqualsIgnoreCase(placement->second, "end_of_table")) {
      form.placement = StreamForm::Placement::kEndOfTable;
    } else if (EqualsIgnoreCase(placement->second, "end_of_dataset")) {
      form.placement = StreamForm::Placement::kEndOfDataSet;
    }
  }
  return form;
}

std::string_view PlacementName(StreamForm::Placement placement) {
  switch (placement) {
    case StreamForm::Placement::kInData:
      return "InData";
    case StreamForm::Placement::kEndOfTable:
      return "EndOfTable";
    case StreamForm::Placement::kEndOfDataSet:
      break;
  }
  return "EndOfDataSet";
}

class V2Writer {
 public:
  V2Writer(const AnswerContext& context, AnswerSink& sink)
      : context_(context), sink_(sink), form_(FormOf(context.request)) {}

  Status Write(RowSources& tables, std::optional<Error>& failure) {
    KC_ASSIGN(FirstRows first, ReadFirst(tables));
    out() += '[';
    Header();
    Properties(tables.size());
    int id = 1;
    for (std::unique_ptr<RowSource>& table : tables) {
      Table(*table, id++, std::exchange(first, FirstRows{}));
      if (failure_ || !sink_.alive()) break;
    }
    Completion(id);
    EndOfDataSet();
    out() += ']';
    failure = std::move(failure_);
    return {};
  }

 private:
  std::string& out() { return sink_.text(); }

  // Between two frames.
  void Separate() { out() += form_.newlines ? "\n," : ","; }

  void Header() {
    out() += fmt::format(
        "{{\"FrameType\":\"DataSetHeader\",\"IsProgressive\":false,\"Version\":\"v2.0\","
        "\"IsFragmented\":{},\"ErrorReportingPlacement\":\"{}\"}}",
        form_.fragmented, PlacementName(form_.placement));
  }

  void Columns(const std::vector<ColumnSchema>& columns) {
    out() += "\"Columns\":[";
    for (size_t i = 0; i < columns.size(); ++i) {
      out() += i == 0 ? "{\"ColumnName\":" : ",{\"ColumnName\":";
      AppendJsonString(out(), columns[i].name);
      out() += fmt::format(",\"ColumnType\":\"{}\"}}", KustoName(columns[i].type));
    }
    out() += ']';
  }

  void BeginTable(std::string_view frame, int id, std::string_view kind, std::string_view name,
                  const std::vector<ColumnSchema>& columns) {
    Separate();
    out() +=
        fmt::format("{{\"FrameType\":\"{}\",\"TableId\":{},\"TableKind\":\"{}\",", frame, id, kind);
    out() += "\"TableName\":" + JsonString(name) + ',';
    Columns(columns);
  }

  void Properties(size_t tables) {
    BeginTable("DataTable", 0, "QueryProperties", "@ExtendedProperties",
               {{"TableId", ScalarType::kInt},
                {"Key", ScalarType::kString},
                {"Value", ScalarType::kDynamic}});
    out() += ",\"Rows\":[";
    const std::string_view visualization = context_.visualization.empty()
                                               ? kNoVisualization
                                               : std::string_view(context_.visualization);
    for (size_t i = 1; i <= tables; ++i) {
      out() += fmt::format("{}[{},\"Visualization\",{}]", i == 1 ? "" : ",", i,
                           JsonString(visualization));
    }
    if (!context_.cursor.empty()) {
      out() += fmt::format(",[1,\"Cursor\",{}]", JsonString(context_.cursor));
    }
    out() += "]}";
  }

  std::string Errors() const {
    return "\"OneApiErrors\":[" + OneApiError(*failure_, context_.error) + ']';
  }

  void Table(RowSource& table, int id, FirstRows first) {
    const std::string_view name =
        table.name.empty() ? "PrimaryResult" : std::string_view(table.name);
    size_ = {first.rows, static_cast<int64_t>(first.text.size())};
    if (form_.fragmented) {
      Fragments(table, id, name, std::move(first));
    } else {
      Whole(table, id, name, std::move(first));
    }
    sizes_.push_back(size_);
  }

  void Whole(RowSource& table, int id, std::string_view name, FirstRows first) {
    BeginTable("DataTable", id, "PrimaryResult", name, table.columns);
    out() += ",\"Rows\":[";
    out() += first.text;
    failure_ = first.failure;
    while (!failure_ && sink_.Poll()) {
      std::string rows;
      if (!More(table, rows)) break;
      if (size_.rows != last_) out() += ',';
      out() += rows;
    }
    if (failure_ && !form_.defer_failures && form_.placement == StreamForm::Placement::kInData) {
      out() += (size_.rows != 0 ? ",{" : "{") + Errors() + '}';
    }
    out() += "]}";
  }

  // The next rows; false at the end or after a failure.
  bool More(RowSource& table, std::string& rows) {
    auto more = table.Next(rows);
    if (!more) {
      failure_ = std::move(more).error();
      return false;
    }
    last_ = *more;
    size_.rows += last_;
    size_.bytes += static_cast<int64_t>(rows.size());
    return last_ != 0;
  }

  void Fragment(int id, std::string_view rows) {
    Separate();
    out() += fmt::format(
        "{{\"FrameType\":\"TableFragment\",\"TableFragmentType\":\"DataAppend\",\"TableId\":{},"
        "\"Rows\":[",
        id);
    out() += rows;
    out() += "]}";
  }

  void Fragments(RowSource& table, int id, std::string_view name, FirstRows first) {
    BeginTable("TableHeader", id, "PrimaryResult", name, table.columns);
    out() += '}';
    if (first.rows != 0) Fragment(id, first.text);
    failure_ = first.failure;
    while (!failure_ && sink_.Poll()) {
      std::string rows;
      if (!More(table, rows)) break;
      Fragment(id, rows);
    }
    Separate();
    out() += fmt::format("{{\"FrameType\":\"TableCompletion\",\"TableId\":{},\"RowCount\":{}", id,
                         size_.rows);
    if (failure_ && !form_.defer_failures) out() += ',' + Errors();
    out() += '}';
  }

  void CompletionRow(int level, std::string_view level_name, const StatusCode& status, int event,
                     std::string_view event_name, std::string_view payload) {
    const std::string& activity = context_.request.activity_id;
    out() += fmt::format("[\"{}\",{},\"{}\",\"{}\",\"{}\",{},\"{}\",{},{},{},\"{}\",{}]",
                         FormatDateTime(context_.clock.NowTicks()),
                         JsonString(context_.request.client_request_id), activity, activity,
                         activity, level, level_name, status.code, JsonString(status.name), event,
                         event_name, JsonString(payload));
  }

  static std::string Payload(std::string_view text) {
    return "{\"Count\":1,\"Text\":" + JsonString(text) + "}";
  }

  void Completion(int id) {
    BeginTable("DataTable", id, "QueryCompletionInformation", "QueryCompletionInformation",
               {{"Timestamp", ScalarType::kDateTime},
                {"ClientRequestId", ScalarType::kString},
                {"ActivityId", ScalarType::kGuid},
                {"SubActivityId", ScalarType::kGuid},
                {"ParentActivityId", ScalarType::kGuid},
                {"Level", ScalarType::kInt},
                {"LevelName", ScalarType::kString},
                {"StatusCode", ScalarType::kInt},
                {"StatusCodeName", ScalarType::kString},
                {"EventType", ScalarType::kInt},
                {"EventTypeName", ScalarType::kString},
                {"Payload", ScalarType::kString}});
    out() += ",\"Rows\":[";
    static const StatusCode* const kOk = new StatusCode{0, "S_OK (0)", ""};
    if (failure_) {
      const StatusCode status = StatusCodeOf(*failure_);
      CompletionRow(2, "Error", status, 1, status.event, Payload(failure_->message));
    } else {
      CompletionRow(4, "Info", *kOk, 4, "QueryInfo", Payload("Query completed successfully"));
    }
    out() += ',';
    CompletionRow(4, "Info", *kOk, 5, "WorkloadGroup", Payload("default"));
    out() += ',';
    CompletionRow(4, "Info", *kOk, 6, "EffectiveRequestOptions",
                  Payload(R"({"DataScope":"All","QueryConsistency":"strongconsistency",)"
                          R"("MaxMemoryConsumptionPerIterator":5368709120,)"
                          R"("MaxMemoryConsumptionPerQueryPerNode":8589346816,)"
                          R"("QueryFanoutNodesPercent":100,"QueryFanoutThreadsPercent":100})"));
    out() += ',';
    CompletionRow(6, "Stats", *kOk, 0, "QueryResourceConsumption",
                  ResourceConsumption(sizes_, context_.clock.Monotonic() - context_.started));
    out() += "]}";
  }

  void EndOfDataSet() {
    Separate();
    const bool told = failure_ && !form_.defer_failures;
    const bool cancelled = failure_ && failure_->reason == "Cancelled";
    out() += fmt::format("{{\"FrameType\":\"DataSetCompletion\",\"HasErrors\":{},\"Cancelled\":{}",
                         told, cancelled);
    if (told) out() += ',' + Errors();
    out() += '}';
    if (form_.newlines) out() += '\n';
  }

  const AnswerContext& context_;
  AnswerSink& sink_;
  const StreamForm form_;
  std::optional<Error> failure_;
  TableSize size_;    // of the current table
  int64_t last_ = 0;  // rows of the last batch
  std::vector<TableSize> sizes_;
};

}  // namespace

Status WriteV2(RowSources& tables, const AnswerContext& context, AnswerSink& sink,
               std::optional<Error>& failure) {
  return V2Writer(context, sink).Write(tables, failure);
}

}  // namespace kc::local
