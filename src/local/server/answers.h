// The two forms of an answer: v1 (tables) and v2 (frames). kusto.md §1.4–1.7.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "local/commands/command.h"
#include "local/server/answer_sink.h"
#include "local/server/api_error.h"
#include "local/server/row_source.h"
#include "world/clock.h"

namespace kc::local {

struct AnswerContext {
  const RequestOptions& request;
  ErrorContext error;
  world::Clock& clock;
  world::Duration started{};  // monotonic
  std::string visualization;  // of queries; "" = the default
  std::string cursor;         // of queries that used cursors
};

using RowSources = std::vector<std::unique_ptr<RowSource>>;

// Both return an error, and have written nothing, when the first table fails before its first row:
// the request then has an HTTP error. Later failures go into the answer, in every way that clients
// look for; `failure` then gets the error. Writing ends early when the client is gone.

// `is_query`: with @ExtendedProperties, QueryStatus and a table of contents, as queries have.
Status WriteV1(RowSources& tables, bool is_query, const AnswerContext& context, AnswerSink& sink,
               std::optional<Error>& failure);
Status WriteV2(RowSources& tables, const AnswerContext& context, AnswerSink& sink,
               std::optional<Error>& failure);

// Text of the Visualization property of a query without render.
inline constexpr std::string_view kNoVisualization =
    R"({"Visualization":null,"Title":null,"XColumn":null,"Series":null,"YColumns":null,)"
    R"("AnomalyColumns":null,"XTitle":null,"YTitle":null,"XAxis":null,"YAxis":null,"Legend":null,)"
    R"("YSplit":null,"Accumulate":false,"IsQuerySorted":false,"Kind":null,"Ymin":"NaN",)"
    R"("Ymax":"NaN","Xmin":null,"Xmax":null})";

struct TableSize {
  int64_t rows = 0;
  int64_t bytes = 0;
};
// Payload of the QueryResourceConsumption row.
std::string ResourceConsumption(const std::vector<TableSize>& tables, world::Duration elapsed);

// Reads ahead the first rows of a table, so that early failures are seen before anything is sent.
struct FirstRows {
  std::string text;
  int64_t rows = 0;
  std::optional<Error> failure;
};
Result<FirstRows> ReadFirst(RowSources& tables);

}  // namespace kc::local
