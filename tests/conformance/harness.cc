#include <algorithm>
#include <chrono>

#include "base/ticks.h"
#include "subject.h"

namespace kc::conformance {

namespace commands = kusto::commands;
using std::chrono::milliseconds;
using enum ScalarType;

commands::TableSchema Table(const std::string& name) {
  return {name, {{"n", kLong}, {"text", kString}, {"at", kDateTime}}, "", ""};
}

std::vector<Value> RowOf(int64_t n) {
  const std::string text = n % 5 == 0 ? "" : "row \"" + std::to_string(n) + "\", äöü";
  return {n, text, n % 7 == 0 ? Value() : Value(639'000'000'000'000'000 + n * 10'000'000)};
}

kusto::Request Conformance::Ask(const std::string& text) const {
  kusto::Request request;
  request.database = subject_->database();
  request.text = text;
  request.no_truncation = true;
  return request;
}

ValueTable Conformance::Show(const std::string& text) {
  auto answer = subject_->client().Show(Ask(text));
  EXPECT_TRUE(answer) << text << "\n" << answer.error().reason << ": " << answer.error().message;
  return answer ? answer->table() : ValueTable();
}

ValueTable Conformance::Query(const std::string& text) {
  auto answer = subject_->client().Query(Ask(text));
  EXPECT_TRUE(answer) << text << "\n" << answer.error().reason << ": " << answer.error().message;
  if (!answer) return {};
  EXPECT_TRUE(kusto::RequireStrong(*answer)) << text;
  return answer->table();
}

ValueTable Conformance::Do(const std::string& text, const std::string& request_id) {
  auto request = Ask(text);
  request.client_request_id = request_id;
  auto answer = subject_->client().Command(request);
  EXPECT_TRUE(answer) << text << "\n" << answer.error().reason << ": " << answer.error().message;
  return answer ? answer->table() : ValueTable();
}

Error Conformance::ShowFails(const std::string& text) {
  auto answer = subject_->client().Show(Ask(text));
  EXPECT_FALSE(answer) << text;
  return answer ? Error() : answer.error();
}

Error Conformance::QueryFails(const std::string& text) {
  auto answer = subject_->client().Query(Ask(text));
  EXPECT_FALSE(answer) << text;
  return answer ? Error() : answer.error();
}

Error Conformance::Fails(const std::string& text, const std::string& request_id) {
  auto request = Ask(text);
  request.client_request_id = request_id;
  auto answer = subject_->client().Command(request);
  EXPECT_FALSE(answer) << text;
  return answer ? Error() : answer.error();
}

void Conformance::Create(const std::string& name, int64_t count) {
  Do(commands::DropTable(name));
  Do(commands::CreateTable(Table(name)));
  if (count > 0) subject_->Append(name, 0, count);
}

commands::Operation Conformance::Await(const std::string& id) {
  for (int i = 0; i < 1000; ++i) {
    const auto operations = commands::ReadOperations(Show(commands::ShowOperations({id})));
    EXPECT_TRUE(operations);
    if (!operations) break;
    // A new operation isn't in the list at once.
    const bool known = operations->size() == 1;
    if (known && operations->front().state != commands::OperationState::kRunning) {
      return operations->front();
    }
    subject_->Wait(milliseconds(20));
  }
  ADD_FAILURE() << "the operation doesn't end: " << id;
  return {};
}

std::string Conformance::Started(const std::string& text) {
  const auto id = commands::ReadOperationId(Do(text));
  EXPECT_TRUE(id) << text;
  return id.value_or("");
}

std::string Conformance::ExportText(const std::string& table, commands::ExportFormat format,
                                    azure::Access access) {
  commands::Export command;
  const auto folder = subject_->lake().Grant(
      "conformance/" + table + "-" + std::to_string(++exports_), access, std::chrono::hours(2));
  EXPECT_TRUE(folder);
  command.folders = {folder.value_or("")};
  command.name_prefix = "part";
  command.format = format;
  const auto columns = Table(table).columns;
  command.query =
      commands::RowsText(All(table), columns) + commands::ExportProjection(columns, format);
  return commands::ExportAsync(command);
}

std::vector<commands::Artifact> Conformance::Export(const std::string& table,
                                                    commands::ExportFormat format) {
  const std::string id = Started(ExportText(table, format));
  const auto operation = Await(id);
  EXPECT_EQ(operation.state, commands::OperationState::kCompleted) << operation.status;
  auto artifacts = commands::ReadArtifacts(Show(commands::ShowOperationDetails(id)));
  EXPECT_TRUE(artifacts);
  return artifacts.value_or(std::vector<commands::Artifact>());
}

std::string Conformance::IngestText(const std::string& table,
                                    const std::vector<commands::Artifact>& files,
                                    const std::string& token, commands::ExportFormat format) {
  commands::Ingest command;
  command.table = table;
  for (const auto& file : files) {
    const auto name = subject_->lake().NameOf(file.path);
    EXPECT_TRUE(name) << file.path;
    command.files.push_back(
        *subject_->lake().Grant(name.value_or(""), azure::Access::kRead, std::chrono::hours(2)));
  }
  command.format = format;
  command.token = token;
  command.creation_time = kCreated;
  command.mapping = commands::IngestionMapping(Table(table).columns, format);
  return commands::IngestAsync(command);
}

void Conformance::Stage(const std::string& from, const std::string& to, const std::string& token) {
  const auto operation = Await(Started(IngestText(to, Export(from), token)));
  EXPECT_EQ(operation.state, commands::OperationState::kCompleted) << operation.status;
}

std::vector<commands::ExtentInfo> Conformance::Extents(const std::string& table) {
  auto extents = commands::ReadExtents(Show(commands::ShowExtents(table)));
  EXPECT_TRUE(extents);
  return extents.value_or(std::vector<commands::ExtentInfo>());
}

std::vector<std::string> Conformance::Ids(const std::string& table) {
  std::vector<std::string> ids;
  for (const auto& extent : Extents(table)) ids.push_back(extent.id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

int64_t Conformance::Count(const std::string& table) {
  int64_t rows = 0;
  for (const auto& extent : Extents(table)) rows += extent.rows;
  return rows;
}

std::string Conformance::Cursor() {
  const auto table = Query(commands::CursorQuery());
  return table.rows.empty() ? "" : kusto::GetText(table, 0, "Cursor");
}

commands::Rows Conformance::All(const std::string& table) {
  commands::Rows rows;
  rows.table = table;
  // Rows get their cursor a while after they can be read, and cursor_current() may lag behind them.
  for (int i = 0; i < 1000; ++i) {
    rows.upto = Cursor();
    const auto counted = Query(commands::CountRows(rows));
    if (counted.rows.size() == 1 && kusto::GetInt(counted, 0, "N") == Count(table)) return rows;
    subject_->Wait(milliseconds(200));
  }
  ADD_FAILURE() << "rows without a cursor: " << table;
  return rows;
}

kusto::Fingerprint Conformance::Sums(const commands::Rows& rows) {
  const auto table = Query(commands::SourceFingerprint(rows, Table(rows.table).columns));
  kusto::Fingerprint sums;
  EXPECT_EQ(table.rows.size(), 1U);
  for (size_t i = 0; i < table.rows.size(); ++i) {
    EXPECT_TRUE(kusto::AddFingerprintRow(table, i, 0, 1, sums));
  }
  return sums;
}

}  // namespace kc::conformance
