// The readers of schema.h and transfer.h, on answers in the form of the service's.
#include <gtest/gtest.h>

#include "base/ticks.h"
#include "kusto/answers.h"
#include "kusto/commands/schema.h"
#include "kusto/commands/transfer.h"

namespace kc::kusto::commands {
namespace {

// "A:string,B:long" and rows.
ValueTable Table(const std::string& columns, std::vector<std::vector<Value>> rows) {
  ValueTable out;
  for (size_t at = 0; at < columns.size();) {
    size_t colon = columns.find(':', at);
    size_t comma = std::min(columns.find(',', colon), columns.size());
    out.columns.push_back({columns.substr(at, colon - at),
                           *ParseScalarType(columns.substr(colon + 1, comma - colon - 1))});
    at = comma + 1;
  }
  out.rows = std::move(rows);
  return out;
}

Value Text(const char* text) {
  return Value(std::string(text));
}
Value Number(int64_t number) {
  return Value(number);
}

constexpr const char* kId = "74be27de-1e4e-49d9-b579-fe0b331d3642";

TEST(Readers, Schemas) {
  auto schema = ReadTableSchema(Table(
      "TableName:string,Schema:string,DatabaseName:string,Folder:string,DocString:string",
      {{Text("T"),
        Text(R"({"Name":"T","OrderedColumns":[{"Name":"a","Type":"System.Int64","CslType":"long"},
             {"Name":"b","Type":"System.Data.SqlTypes.SqlDecimal"}]})"),
        Text("D"), Text("f"), Text("doc")}}));
  ASSERT_TRUE(schema) << schema.error().message;
  EXPECT_EQ(schema->columns,
            (std::vector<ColumnSchema>{{"a", ScalarType::kLong}, {"b", ScalarType::kDecimal}}));
  EXPECT_EQ(schema->docstring, "doc");
  auto all = ReadDatabaseSchema(
      Table("DatabaseSchema:string", {{Text(R"({"Databases":{"D":{"Name":"D","Tables":{
        "z":{"Name":"z","OrderedColumns":[]},
        "a":{"Name":"a","Folder":"f","OrderedColumns":[{"Name":"x","CslType":"guid"}]}}}}})")}}));
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].name, "a");
  EXPECT_EQ((*all)[0].columns[0].type, ScalarType::kGuid);
  EXPECT_FALSE(ReadTableSchema(Table("TableName:string,Schema:string", {})));
  EXPECT_FALSE(ReadTableSchema(Table("TableName:string,Schema:string", {{Text("T"), Text("{}")}})));
}

TEST(Readers, Policies) {
  EXPECT_EQ(*ReadPolicy(Table("PolicyName:string,Policy:string", {{Text("P"), Text("null")}})), "");
  auto all = ReadTablePolicies(
      Table("EntityName:string,Policy:string",
            {{Text("[my db].[T.1]"), Text("[]")}, {Text("[db].[U]"), Text("null")}}));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 1u);
  EXPECT_EQ(all->at("T.1"), "[]");
  for (const StagingPolicy& policy : StagingPolicies("S")) {
    EXPECT_TRUE(CheckStagingPolicy(policy, policy.json)) << policy.policy;
    EXPECT_EQ(CheckStagingPolicy(policy, "").has_value(), policy.json == "[]") << policy.policy;
    EXPECT_FALSE(CheckStagingPolicy(policy, "no json")) << policy.policy;
  }
  StagingPolicy retention = StagingPolicies("S")[0];
  EXPECT_TRUE(CheckStagingPolicy(
      retention, R"({"SoftDeletePeriod":"365000.00:00:00","Recoverability":"disabled","More":1})"));
  auto other = CheckStagingPolicy(
      retention, R"({"SoftDeletePeriod":"10.00:00:00","Recoverability":"Disabled"})");
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message.find("SoftDeletePeriod"), std::string::npos);
}

TEST(Readers, CapacityInAnySpelling) {
  auto capacity = ReadCapacity(Table("Resource:string,Total:long", {{Text("ingestions"), Number(3)},
                                                                    {Text("DataExport"), Number(4)},
                                                                    {Text("queries"), Number(5)}}));
  ASSERT_TRUE(capacity);
  EXPECT_EQ(capacity->ingestions, 3);
  EXPECT_EQ(capacity->exports, 4);
  EXPECT_EQ(capacity->queries, 5);
  EXPECT_EQ(ReadCapacity(Table("Resource:string,Total:long", {{Text("data-export"), Number(7)}}))
                ->exports,
            7);
}

TEST(Readers, IdsHaveOneSpelling) {
  const auto operations =
      ReadOperations(Table("OperationId:guid,State:string",
                           {{Text("74BE27DE-1E4E-49D9-B579-FE0B331D3642"), Text("Completed")}}));
  ASSERT_TRUE(operations);
  EXPECT_EQ((*operations)[0].id, kId);
}

TEST(Readers, Operations) {
  auto operations = ReadOperations(
      Table("OperationId:guid,Operation:string,State:string,Status:string,ShouldRetry:bool",
            {{Text(kId), Text("DataIngestPull"), Text("InProgress"), Text(""), Value(false)},
             {Text(kId), Text("DataIngestPull"), Text("Throttled"), Text("later"), Value(true)},
             {Text(kId), Text("x"), Text("BadInput"), Text("no"), Value(false)},
             {Text(kId), Text("x"), Text("PartiallySucceeded"), Text(""), Value(false)}}));
  ASSERT_TRUE(operations);
  EXPECT_EQ((*operations)[0].state, OperationState::kRunning);
  EXPECT_EQ((*operations)[1].state, OperationState::kThrottled);
  EXPECT_TRUE((*operations)[1].should_retry);
  EXPECT_EQ((*operations)[2].state, OperationState::kFailed);
  EXPECT_EQ((*operations)[3].state, OperationState::kOther);
  EXPECT_EQ(*ReadOperationId(Table("OperationId:guid", {{Text(kId)}})), kId);
  EXPECT_FALSE(ReadOperationId(Table("OperationId:guid", {})));
  EXPECT_FALSE(
      ReadOperationId(Table("OperationId:guid", {{Text("00000000-0000-0000-0000-000000000000")}})));
}

TEST(Readers, ArtifactsExtentsAndMoves) {
  auto artifacts = ReadArtifacts(
      Table("Path:string,NumRecords:long,SizeInBytes:long", {{Text("p"), Number(2), Number(99)}}));
  ASSERT_TRUE(artifacts);
  EXPECT_EQ((*artifacts)[0].rows, 2);
  EXPECT_EQ((*artifacts)[0].bytes, 99);
  EXPECT_EQ(
      (*ReadArtifacts(Table("Path:string,NumRecords:long", {{Text("p"), Number(2)}})))[0].bytes, 0);
  auto extents = ReadExtents(Table(
      "ExtentId:guid,TableName:string,MaxCreatedOn:datetime,RowCount:long,Tags:string",
      {{Text(kId), Text("T"), Number(kTicksPerDay), Number(5), Text("one\r\ntwo words\r\n")}}));
  ASSERT_TRUE(extents);
  EXPECT_EQ((*extents)[0].tags, (std::vector<std::string>{"one", "two words"}));
  EXPECT_EQ((*extents)[0].max_created, kTicksPerDay);
  auto moved = ReadMoved(Table("OriginalExtentId:string,ResultExtentId:string,Details:string",
                               {{Text(kId), Text(kId), Text("")}}));
  ASSERT_TRUE(moved);
  auto failed = ReadMoved(Table("OriginalExtentId:string,ResultExtentId:string,Details:string",
                                {{Text(kId), Text("Failed"), Text("view is busy")}}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason, "MoveFailed");
  EXPECT_NE(failed.error().message.find("view is busy"), std::string::npos);
}

}  // namespace
}  // namespace kc::kusto::commands
