// Export, ingestion, operations, extents, moves.
#include <algorithm>
#include <set>

#include "subject.h"

namespace kc::conformance {
namespace {

namespace commands = kusto::commands;
using commands::ExportFormat;
using commands::OperationState;
using std::chrono::seconds;

constexpr const char* kNoSuchId = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

class Transfer : public Conformance {
 protected:
  int64_t RowsWith(const std::string& table, const std::string& tag) {
    const auto extents = commands::ReadExtents(Show(commands::ShowExtentsByTag({table}, tag)));
    EXPECT_TRUE(extents);
    int64_t rows = 0;
    for (const auto& extent : *extents) {
      EXPECT_EQ(extent.table, table);
      EXPECT_NE(std::find(extent.tags.begin(), extent.tags.end(), tag), extent.tags.end());
      rows += extent.rows;
    }
    return rows;
  }
  // A staging table with the rows of "Source" under one tag.
  void Prepare(const std::string& staging, const std::string& destination) {
    Create("Source", 12);
    Create(staging);
    Create(destination);
    token_ = Token();
    Stage("Source", staging, token_);
    ids_ = Ids(staging);
    ASSERT_FALSE(ids_.empty());
  }
  std::string token_;
  std::vector<std::string> ids_;
};

TEST_F(Transfer, AnExportTellsItsFilesAndTheirRows) {
  Create("Source", 12);
  for (const auto format :
       {ExportFormat::kParquet, ExportFormat::kParquetNanos, ExportFormat::kCsv}) {
    const auto files = Export("Source", format);
    int64_t rows = 0;
    std::set<std::string> names;
    for (const auto& file : files) {
      rows += file.rows;
      EXPECT_EQ(file.path.find('?'), std::string::npos) << "with credentials";
      EXPECT_EQ(file.path.find(';'), std::string::npos) << "with credentials";
      const auto name = subject_->lake().NameOf(file.path);
      ASSERT_TRUE(name) << file.path;
      EXPECT_TRUE(subject_->lake().Stat(*name)) << *name;
      EXPECT_TRUE(names.insert(*name).second);
      EXPECT_NE(name->find("/part"), std::string::npos) << *name;
    }
    EXPECT_EQ(rows, 12);
  }
}

TEST_F(Transfer, AnExportOfNoRowsHasNoRows) {
  Create("Source", 0);
  int64_t rows = 0;
  for (const auto& file : Export("Source")) rows += file.rows;
  EXPECT_EQ(rows, 0);
}

TEST_F(Transfer, AnExportOfColumnsThatArentThereFails) {
  Create("Source", 3);
  std::string text = ExportText("Source", ExportFormat::kCsv);
  const size_t at = text.find("c0 = ['n']");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 10, "c0 = ['nix']");
  kusto::Request request = Ask(text);
  const auto sent = subject_->client().Command(request);
  if (!sent) {
    EXPECT_EQ(sent.error().code, ErrorCode::kStop);
    return;
  }
  EXPECT_EQ(Await(*commands::ReadOperationId(sent->table())).state, OperationState::kFailed);
}

// Protocol F20: the hashes are of exactly the rows that the files hold.
TEST_F(Transfer, ExportedHashesSumUpToTheFingerprint) {
  Create("Source", 12);
  Create("Target");
  const auto columns = Table("Source").columns;
  const std::string plain = commands::ExportProjection(columns, ExportFormat::kCsv);
  std::string text = ExportText("Source", ExportFormat::kCsv);
  text.replace(text.find(plain), plain.size(), commands::HashedExportProjection(columns));
  const size_t query = text.find(" <|\n");
  ASSERT_NE(query, std::string::npos);
  text.insert(query + 4, commands::HashPrelude());
  const std::string id = Started(text);
  ASSERT_EQ(Await(id).state, OperationState::kCompleted);
  const auto files = commands::ReadArtifacts(Show(commands::ShowOperationDetails(id)));
  ASSERT_TRUE(files);
  std::vector<std::string> addresses;
  for (const auto& file : *files) {
    addresses.push_back(*subject_->lake().Grant(*subject_->lake().NameOf(file.path),
                                                azure::Access::kRead, std::chrono::hours(1)));
  }
  const auto table = Query(commands::SumExportedHashes(addresses, columns));
  kusto::Fingerprint sums;
  ASSERT_EQ(table.rows.size(), 1U);
  ASSERT_TRUE(kusto::AddFingerprintRow(table, 0, 0, 1, sums));
  EXPECT_EQ(sums.Text(), Sums(All("Source")).Text());
  // The mapping leaves the hashes out.
  EXPECT_EQ(Await(Started(IngestText("Target", *files, Token()))).state,
            OperationState::kCompleted);
  EXPECT_EQ(Sums(All("Target")).Text(), sums.Text());
}

// All rows of an operation, one per state change.
std::string HistoryOf(const std::string& id) {
  return ".show operations | where OperationId in (guid(" + id + "))";
}

TEST_F(Transfer, OperationsArentInventedAndHaveNoDetails) {
  EXPECT_TRUE(Show(commands::ShowOperations({kNoSuchId})).rows.empty());
  EXPECT_TRUE(Show(HistoryOf(kNoSuchId)).rows.empty());
  EXPECT_EQ(ShowFails(commands::ShowOperationDetails(kNoSuchId)).code, ErrorCode::kStop);
}

// How many run at a time is the cluster's own matter: this many are too much for small ones.
TEST_F(Transfer, WhatIsBeyondTheCapacityIsThrottledAndSucceedsLater) {
  Create("Source", 3);
  const std::string text = ExportText("Source", ExportFormat::kCsv);
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) {
    const auto sent = subject_->client().Command(Ask(text));
    if (sent) {
      ids.push_back(commands::ReadOperationId(sent->table()).value_or(""));
      continue;
    }
    EXPECT_EQ(sent.error().code, ErrorCode::kRetry);
    EXPECT_EQ(sent.error().http_status, 429);
    EXPECT_EQ(sent.error().reason, "TooManyRequests");
  }
  ASSERT_FALSE(ids.empty());
  for (const auto& id : ids) EXPECT_EQ(Await(id).state, OperationState::kCompleted);
  EXPECT_EQ(Await(Started(text)).state, OperationState::kCompleted);
}

TEST_F(Transfer, OperationsAreTold) {
  Create("Source", 3);
  const std::string one = Started(ExportText("Source", ExportFormat::kCsv));
  EXPECT_EQ(Await(one).state, OperationState::kCompleted);
  const std::string other = Started(ExportText("Source", ExportFormat::kCsv));
  EXPECT_NE(one, other);
  EXPECT_EQ(Await(other).state, OperationState::kCompleted);
  const auto both = commands::ReadOperations(Show(commands::ShowOperations({one, other})));
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2U);
  for (const auto& operation : *both) {
    EXPECT_TRUE(operation.id == one || operation.id == other) << operation.id;
    EXPECT_EQ(operation.state_text, "Completed");
    EXPECT_GT(operation.started_ticks, 0);
    EXPECT_GE(operation.updated_ticks, operation.started_ticks);
  }
  const auto history = commands::ReadOperations(Show(HistoryOf(one)));
  ASSERT_TRUE(history);
  EXPECT_GE(history->size(), 1U);
}

TEST_F(Transfer, IngestedRowsAreTheExportedOnes) {
  for (const auto format :
       {ExportFormat::kParquet, ExportFormat::kParquetNanos, ExportFormat::kCsv}) {
    Create("Source", 12);
    Create("Target");
    const auto files = Export("Source", format);
    const std::string token = Token();
    const auto operation = Await(Started(IngestText("Target", files, token, format)));
    ASSERT_EQ(operation.state, OperationState::kCompleted) << operation.status;
    EXPECT_EQ(RowsWith("Target", token), 12);
    for (const auto& extent : Extents("Target")) {
      EXPECT_EQ(extent.tags, std::vector<std::string>{token});
      EXPECT_EQ(extent.min_created, kCreated);
      EXPECT_EQ(extent.max_created, kCreated);
      EXPECT_EQ(extent.deleted_rows, 0);
      EXPECT_GT(extent.rows, 0);
    }
    EXPECT_EQ(Sums(All("Source")).Text(), Sums(All("Target")).Text());
  }
}

TEST_F(Transfer, IngestingTheSameFilesTwiceDoublesTheRows) {
  Create("Source", 5);
  Create("Target");
  const auto files = Export("Source");
  const std::string token = Token();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Await(Started(IngestText("Target", files, token))).state, OperationState::kCompleted);
  }
  EXPECT_EQ(RowsWith("Target", token), 10);
}

TEST_F(Transfer, AFileThatIsntThereFailsTheOperation) {
  Create("Source", 5);
  Create("Target");
  auto files = Export("Source");
  ASSERT_FALSE(files.empty());
  files.resize(1);
  const std::string text = IngestText("Target", files, Token());
  ASSERT_TRUE(subject_->lake().Delete(*subject_->lake().NameOf(files[0].path)));
  const auto operation = Await(Started(text));
  EXPECT_EQ(operation.state, OperationState::kFailed);
  EXPECT_NE(operation.status.find("NotFound"), std::string::npos) << operation.status;
  EXPECT_EQ(Count("Target"), 0);
}

TEST_F(Transfer, IntoATableThatIsntThereNothingIsIngested) {
  Create("Source", 2);
  Do(commands::DropTable("Nope"));
  const Error error = Fails(IngestText("Nope", Export("Source"), Token()));
  EXPECT_EQ(error.code, ErrorCode::kStop);
  EXPECT_EQ(error.reason, "BadRequest_EntityNotFound");
}

TEST_F(Transfer, TagsAreMatchedWhole) {
  Prepare("Staging", "Target");
  EXPECT_EQ(RowsWith("Staging", token_), 12);
  const std::string part = token_.substr(0, token_.size() - 1);
  EXPECT_TRUE(Show(commands::ShowExtentsByTag({"Staging"}, part)).rows.empty());
  EXPECT_TRUE(Show(commands::ShowExtentsByTag({"Staging", "Target"}, Token())).rows.empty());
  const auto both =
      commands::ReadExtents(Show(commands::ShowExtentsByTag({"Target", "Staging"}, token_)));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->size(), ids_.size());
}

TEST_F(Transfer, ExtentsAreFoundByTheirIds) {
  Prepare("Staging", "Target");
  auto asked = ids_;
  asked.push_back(kNoSuchId);
  const auto found = commands::ReadExtents(Show(commands::ShowExtentsByIds("Staging", asked)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size(), ids_.size());
  EXPECT_TRUE(Show(commands::ShowExtentsByIds("Target", ids_)).rows.empty());
}

TEST_F(Transfer, AMovePublishesAllOfItsExtentsAtOnce) {
  Prepare("Staging", "Target");
  subject_->Append("Target", 100, 2);
  const auto before = Sums(All("Source"));
  const std::string cursor = All("Target").upto;
  const auto moved =
      commands::ReadMoved(Do(commands::MoveExtents("Staging", "Target", ids_, true)));
  ASSERT_TRUE(moved) << moved.error().message;
  ASSERT_EQ(moved->size(), ids_.size());
  std::set<std::string> originals;
  const auto there = Ids("Target");
  for (const auto& one : *moved) {
    originals.insert(one.original);
    EXPECT_NE(one.original, one.result);
    EXPECT_NE(std::find(there.begin(), there.end(), one.result), there.end());
  }
  EXPECT_EQ(originals, std::set<std::string>(ids_.begin(), ids_.end()));
  EXPECT_TRUE(Extents("Staging").empty());
  EXPECT_EQ(Count("Target"), 14);
  // New ingestion times: whoever follows the destination by its cursor sees them.
  commands::Rows fresh = All("Target");
  fresh.after = cursor;
  EXPECT_EQ(Sums(fresh).Text(), before.Text());
}

TEST_F(Transfer, AMoveWithOneExtentThatIsntThereMovesNothing) {
  Prepare("Staging", "Target");
  auto ids = ids_;
  ids.push_back(kNoSuchId);
  const Error error = Fails(commands::MoveExtents("Staging", "Target", ids, true));
  EXPECT_NE(error.message, "");
  EXPECT_EQ(Ids("Staging"), ids_);
  EXPECT_EQ(Count("Target"), 0);
}

TEST_F(Transfer, TheSameExtentsMoveOnce) {
  Prepare("Staging", "Target");
  const std::string move = commands::MoveExtents("Staging", "Target", ids_, true);
  Do(move);
  EXPECT_NE(Fails(move).message, "");
  EXPECT_EQ(Count("Target"), 12);
  // Nor can they be taken away any more.
  Create("Home");
  EXPECT_NE(Fails(commands::MoveExtents("Staging", "Home", ids_, false)).message, "");
  EXPECT_EQ(Count("Home"), 0);
}

TEST_F(Transfer, ExtentsThatWereTakenAwayCantBePublished) {
  Prepare("Staging", "Target");
  Create("Home");
  Do(commands::MoveExtents("Staging", "Home", ids_, false));
  EXPECT_EQ(Count("Home"), 12);
  EXPECT_NE(Fails(commands::MoveExtents("Staging", "Target", ids_, true)).message, "");
  EXPECT_EQ(Count("Target"), 0);
  Do(commands::MoveExtents("Home", "Target", Ids("Home"), true));
  EXPECT_EQ(Count("Target"), 12);
}

TEST_F(Transfer, AMoveNeedsTheColumnsAtTheDestination) {
  Prepare("Staging", "Target");
  Do(commands::DropTable("Target"));
  Do(commands::CreateTable({"Target", {{"n", ScalarType::kLong}}, "", ""}));
  const std::string move = commands::MoveExtents("Staging", "Target", ids_, true);
  EXPECT_EQ(Fails(move).code, ErrorCode::kStop);
  EXPECT_EQ(Ids("Staging"), ids_);
  // Columns besides are no obstacle.
  auto wider = Table("Target");
  wider.columns.push_back({"more", ScalarType::kReal});
  Do(commands::CreateMergeTable(wider));
  Do(move);
  EXPECT_EQ(Count("Target"), 12);
}

TEST_F(Transfer, HowAMoveEndedIsFoundByItsRequestId) {
  Prepare("Staging", "Target");
  const std::string id = "KustoCopy.move;conformance-" + std::to_string(subject_->NowTicks());
  const auto states = [&]() {
    const auto read = commands::ReadCommandStates(Show(commands::ShowCommandsOf(id)));
    EXPECT_TRUE(read);
    return read.value_or(commands::CommandStates());
  };
  EXPECT_EQ(states().completed + states().failed, 0);
  (void)Fails(commands::MoveExtents("Staging", "Target", {kNoSuchId}, true), id);
  EXPECT_EQ(states().failed, 1);
  EXPECT_EQ(states().completed, 0);
  Do(commands::MoveExtents("Staging", "Target", ids_, true), id + "-2");
  EXPECT_EQ(states().completed, 1);
}

TEST_F(Transfer, DroppedTagsLeaveRowsAndOtherTags) {
  Create("Source", 4);
  Create("Target");
  const std::string one = Token();
  const std::string other = Token();
  Stage("Source", "Target", one);
  Stage("Source", "Target", other);
  Do(commands::DropExtentTags("Target", {one}));
  EXPECT_EQ(RowsWith("Target", one), 0);
  EXPECT_EQ(RowsWith("Target", other), 4);
  EXPECT_EQ(Count("Target"), 8);
  Do(commands::DropExtentTags("Target", {one}));  // nothing to do is no error
  Do(commands::DropExtentTags("Target", {one, other}));
  for (const auto& extent : Extents("Target")) EXPECT_TRUE(extent.tags.empty());
  EXPECT_EQ(Count("Target"), 8);
}

TEST_F(Transfer, DroppedExtentsAreGone) {
  Prepare("Staging", "Target");
  Do(commands::DropExtents("Staging", ids_));
  EXPECT_EQ(Count("Staging"), 0);
  EXPECT_NE(Fails(commands::MoveExtents("Staging", "Target", ids_, true)).message, "");
}

TEST_F(Transfer, ADroppedTableTakesItsExtentsWithIt) {
  Prepare("Staging", "Target");
  Do(commands::DropTable("Staging"));
  EXPECT_EQ(Fails(commands::MoveExtents("Staging", "Target", ids_, true)).code, ErrorCode::kStop);
  Do(commands::CreateTable(Table("Staging")));
  EXPECT_NE(Fails(commands::MoveExtents("Staging", "Target", ids_, true)).message, "");
  EXPECT_EQ(Count("Target"), 0);
}

}  // namespace
}  // namespace kc::conformance
