#include "local/catalog/database.h"

#include <gtest/gtest.h>

#include <thread>

#include "local/catalog/cluster.h"
#include "local/testing/storage_fixture.h"

namespace kc::local {
namespace {

class DatabaseTest : public StorageFixture {
 protected:
  void SetUp() override {
    StorageFixture::SetUp();
    Reopen();
  }
  void Reopen() {
    database_.reset();
    cluster_.reset();
    auto cluster = Open();
    ASSERT_TRUE(cluster) << cluster.error().message;
    cluster_ = *std::move(cluster);
    database_ = *cluster_->FindDatabase("NetDefaultDB");
  }
  Result<std::unique_ptr<Cluster>> Open() {
    ClusterOptions options;
    options.storage = scratch() + "/storage";
    return Cluster::Open(World{&files(), &clock(), &random()}, nullptr, options);
  }
  std::string MakeTable(const std::string& name) {
    std::string id = random().Guid();
    auto made = database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
      return transaction.PutTable(
          NewTable(id, name, {{"a", ScalarType::kLong}, {"b", ScalarType::kString}}));
    });
    EXPECT_TRUE(made) << made.error().message;
    return id;
  }
  ExtentFilePtr MakeFile(const std::string& content = "rows") {
    ExtentFile file;
    file.key = random().Guid() + ".parquet";
    file.rows = 10;
    file.bytes = static_cast<int64_t>(content.size());
    file.original_bytes = 100;
    file.column_ids = {0, 1};
    file.ranges = {{0, -5, 17}};
    EXPECT_TRUE(files().WriteAtomic(database_->extents().PathOf(file.key), content));
    return database_->extents().Register(std::move(file));
  }
  Result<CommitInfo> AddExtent(const std::string& table, const std::string& id,
                               std::vector<std::string> tags = {}) {
    return database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
      NewExtent extent;
      extent.id = id;
      extent.file = MakeFile();
      extent.tags = tags;
      std::vector<NewExtent> extents;
      extents.push_back(std::move(extent));
      return transaction.AddExtents(table, std::move(extents));
    });
  }
  size_t FileCount() { return files().List(database_->extents().folder())->size(); }

  std::unique_ptr<Cluster> cluster_;
  DatabasePtr database_;
};

TEST_F(DatabaseTest, AStorageOfAnotherVersionOrDamagedIsRefusedByName) {
  cluster_.reset();
  const std::string marker = scratch() + "/storage/storage.json";
  struct Row {
    const char* text;
    const char* reason;
    const char* says;
  };
  const Row rows[] = {
      {R"({"format":"kusto-local storage","version":2})", "UnknownFormat", "version 2"},
      {R"({"format":"kusto-local storage","version":"1"})", "DamagedStorage", "damaged"},
      {R"({"format":7,"version":1})", "DamagedStorage", "damaged"},
      {R"({"format":"kusto-local st)", "DamagedStorage", "damaged"},
      {"[]", "DamagedStorage", "damaged"},
  };
  for (const Row& row : rows) {
    ASSERT_TRUE(files().WriteAtomic(marker, row.text));
    const auto opened = Open();
    ASSERT_FALSE(opened) << row.text;
    EXPECT_EQ(opened.error().reason, row.reason) << row.text;
    EXPECT_NE(opened.error().message.find(row.says), std::string::npos) << opened.error().message;
    EXPECT_EQ(*files().Read(marker), row.text) << "left as it is";
  }
}

TEST_F(DatabaseTest, WhatWasCommittedIsThereAfterAStart) {
  std::string table = MakeTable("T");
  auto added = AddExtent(table, "e1", {"drop-by:x", "quote\"and\nline"});
  ASSERT_TRUE(added) << added.error().message;
  ASSERT_TRUE(database_->Commit([&](const DatabaseState& state, TransactionBuilder& transaction) {
    DatabaseMeta meta = *state.meta;
    meta.policies["retention"] = R"({"SoftDeletePeriod":"1.00:00:00"})";
    meta.principals.push_back({"admins", "aaduser=a;b", "A", "a", "AAD User", "note"});
    meta.mappings.push_back({"csv", "m", "[]", 5});
    transaction.PutDatabase(meta);
    transaction.PutFunction({"F", "(x:long)", "{ T | where a > x }", "f", "d", true, false});
    TableMeta changed = *state.FindTable("T")->meta;
    changed.folder = "folder";
    changed.docstring = "doc";
    changed.columns[0].docstring = "about a";
    changed.columns[1].encoding_policy = "{\"Type\":\"BigObject\"}";
    return transaction.PutTable(changed);
  }));
  StatePtr before = database_->state();
  for (bool snapshot : {false, true}) {
    ASSERT_TRUE(!snapshot || database_->SnapshotIfDue(true));
    Reopen();
    StatePtr after = database_->state();
    EXPECT_EQ(*after->meta, *before->meta);
    EXPECT_EQ(*after->FindTable("T")->meta, *before->FindTable("T")->meta);
    EXPECT_EQ(*after->FindFunction("F"), *before->FindFunction("F"));
    EXPECT_EQ(after->sequence, before->sequence);
    EXPECT_EQ(after->last_ticks, before->last_ticks);
    EXPECT_EQ(after->cursor_position, added->ticks);
    EXPECT_EQ(after->version, before->version);
    EXPECT_EQ(after->extent_count, 1u);
    ExtentPtr extent = after->FindTable("T")->FindExtent("e1");
    ASSERT_NE(extent, nullptr);
    EXPECT_EQ(extent->tags, (std::vector<std::string>{"drop-by:x", "quote\"and\nline"}));
    EXPECT_EQ(extent->min_ingested, added->ticks);
    EXPECT_EQ(extent->file->ranges, (std::vector<ColumnRange>{{0, -5, 17}}));
    EXPECT_EQ(after->FindTable("T")->rows, 10);
    EXPECT_EQ(database_->RecentEvents().size(), before->sequence);
  }
}

TEST_F(DatabaseTest, AFailedChangeLeavesNothing) {
  std::string table = MakeTable("T");
  uint64_t sequence = database_->state()->sequence;
  auto failed = database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    EXPECT_TRUE(transaction.DropTable(table));
    return Status(Stop("no"));
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "no");
  EXPECT_NE(database_->state()->FindTable("T"), nullptr);
  EXPECT_EQ(database_->state()->sequence, sequence);
}

TEST_F(DatabaseTest, AChangeThatThrowsStopsNobodyElse) {
  auto thrown = database_->Commit([&](const DatabaseState&, TransactionBuilder&) -> Status {
    throw std::runtime_error("oops");
  });
  ASSERT_FALSE(thrown);
  EXPECT_NE(thrown.error().message.find("oops"), std::string::npos);
  MakeTable("T");
  EXPECT_NE(database_->state()->FindTable("T"), nullptr);
}

TEST_F(DatabaseTest, TimesIncreaseEvenWhenTheClockDoesNot) {
  std::string table = MakeTable("T");
  int64_t first = AddExtent(table, "e1")->ticks;
  int64_t second = AddExtent(table, "e2")->ticks;
  EXPECT_EQ(second, first + 1);
  clock().Advance(-1'000'000);
  EXPECT_EQ(AddExtent(table, "e3")->ticks, second + 1);
  clock().Advance(2'000'000);
  EXPECT_GT(AddExtent(table, "e4")->ticks, second + 2);
}

TEST_F(DatabaseTest, TheCursorMovesOnlyWithData) {
  int64_t position = database_->state()->cursor_position;
  EXPECT_EQ(position, database_->state()->meta->created_ticks) << "before any data";
  std::string table = MakeTable("T");
  EXPECT_TRUE(AddExtent(table, "e1"));
  EXPECT_GT(database_->state()->cursor_position, position);
  position = database_->state()->cursor_position;
  MakeTable("U");
  EXPECT_EQ(database_->state()->cursor_position, position);
  const DatabaseMeta& meta = *database_->state()->meta;
  std::string text = CursorText(meta, position);
  EXPECT_EQ(CursorPosition(meta, text), position);
  EXPECT_NE(text, std::to_string(position));
  EXPECT_EQ(CursorPosition(meta, ""), 0);
  EXPECT_EQ(CursorPosition(meta, "2020-01-01"), std::nullopt);
}

TEST_F(DatabaseTest, RowsWithoutThePolicyHaveNoTime) {
  std::string table = MakeTable("T");
  ASSERT_TRUE(database_->Commit([&](const DatabaseState& state, TransactionBuilder& transaction) {
    TableMeta meta = *state.FindTableById(table)->meta;
    meta.policies["ingestiontime"] = R"({"IsEnabled":false})";
    return transaction.PutTable(meta);
  }));
  EXPECT_TRUE(AddExtent(table, "e1"));
  EXPECT_TRUE(database_->state()->FindTable("T")->FindExtent("e1")->undated());
}

TEST_F(DatabaseTest, MovesKeepOrRenewTheIngestionTime) {
  std::string from = MakeTable("S");
  std::string to = MakeTable("D");
  int64_t first = AddExtent(from, "e1")->ticks;
  EXPECT_TRUE(AddExtent(from, "e2"));
  size_t files_before = FileCount();
  auto move = [&](std::vector<ExtentMove> moves, bool renew) {
    return database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
      return transaction.MoveExtents(from, to, moves, renew);
    });
  };
  ASSERT_TRUE(move({{"e1", "n1"}}, false));
  auto renewed = move({{"e2", "n2"}}, true);
  ASSERT_TRUE(renewed);
  TablePtr target = database_->state()->FindTable("D");
  EXPECT_EQ(target->FindExtent("n1")->max_ingested, first);
  EXPECT_EQ(target->FindExtent("n2")->max_ingested, renewed->ticks);
  EXPECT_EQ(target->FindExtent("n1")->column_map, nullptr);
  EXPECT_EQ(database_->state()->FindTable("S")->rows, 0);
  EXPECT_EQ(target->rows, 20);
  EXPECT_EQ(FileCount(), files_before);
  auto again = move({{"e1", "n3"}}, false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().reason, "ExtentNotFound");
}

TEST_F(DatabaseTest, AMoveIsAllOrNothing) {
  std::string from = MakeTable("S");
  std::string to = MakeTable("D");
  EXPECT_TRUE(AddExtent(from, "e1"));
  auto moved = database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.MoveExtents(from, to, {{"e1", "n1"}, {"gone", "n2"}}, false);
  });
  ASSERT_FALSE(moved);
  EXPECT_NE(database_->state()->FindTable("S")->FindExtent("e1"), nullptr);
  EXPECT_EQ(database_->state()->FindTable("D")->rows, 0);
}

TEST_F(DatabaseTest, MovesBetweenTablesWithOtherColumnIds) {
  std::string from = MakeTable("S");
  ASSERT_TRUE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.PutTable(NewTable(
        "wide", "W",
        {{"b", ScalarType::kString}, {"more", ScalarType::kLong}, {"a", ScalarType::kLong}}));
  }));
  EXPECT_TRUE(AddExtent(from, "e1"));
  ASSERT_TRUE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.MoveExtents(from, "wide", {{"e1", "n1"}}, false);
  }));
  Reopen();
  ExtentPtr extent = database_->state()->FindTable("W")->FindExtent("n1");
  EXPECT_EQ(extent->FileColumn(0), 1);
  EXPECT_EQ(extent->FileColumn(1), std::nullopt);
  EXPECT_EQ(extent->FileColumn(2), 0);
  // And back.
  ASSERT_FALSE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.MoveExtents("wide", from, {{"n1", "n2"}}, false);
  })) << "column 'more' isn't in S";
}

TEST_F(DatabaseTest, TablesSwapTheirNames) {
  std::string a = MakeTable("A");
  std::string b = MakeTable("B");
  ASSERT_TRUE(database_->Commit([&](const DatabaseState& state, TransactionBuilder& transaction) {
    TableMeta first = *state.FindTableById(a)->meta;
    TableMeta second = *state.FindTableById(b)->meta;
    std::swap(first.name, second.name);
    return transaction.PutTables({first, second});
  }));
  EXPECT_EQ(database_->state()->FindTable("A")->id(), b);
  Reopen();
  EXPECT_EQ(database_->state()->FindTable("A")->id(), b);
  EXPECT_EQ(database_->state()->FindTable("B")->id(), a);
}

TEST_F(DatabaseTest, ANameThatIsTakenIsRefused) {
  MakeTable("A");
  auto second = database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.PutTable(NewTable("other", "A", {{"a", ScalarType::kLong}}));
  });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "BadRequest_EntityAlreadyExists");
}

TEST_F(DatabaseTest, FilesGoWithTheLastReader) {
  std::string table = MakeTable("T");
  EXPECT_TRUE(AddExtent(table, "e1"));
  StatePtr reader = database_->state();
  ASSERT_TRUE(database_->Commit([&](const DatabaseState&, TransactionBuilder& transaction) {
    return transaction.DropTable(table);
  }));
  cluster_->CollectGarbage();
  EXPECT_EQ(FileCount(), 1u);
  reader.reset();
  cluster_->CollectGarbage();
  EXPECT_EQ(FileCount(), 0u);
}

TEST_F(DatabaseTest, OrphansGoAtTheStart) {
  ASSERT_TRUE(files().WriteAtomic(database_->extents().PathOf("orphan.parquet"), "x"));
  ASSERT_TRUE(AddExtent(MakeTable("T"), "e1"));
  Reopen();
  EXPECT_EQ(FileCount(), 1u);
}

TEST_F(DatabaseTest, AMissingExtentFileIsNamed) {
  ASSERT_TRUE(AddExtent(MakeTable("T"), "e1"));
  std::string key = database_->state()->FindTable("T")->FindExtent("e1")->file->key;
  ASSERT_TRUE(files().Remove(database_->extents().PathOf(key)));
  database_.reset();
  cluster_.reset();
  auto opened = Open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find(key), std::string::npos) << opened.error().message;
}

TEST_F(DatabaseTest, DroppedDatabasesAreGone) {
  ASSERT_TRUE(cluster_->CreateDatabase("Other"));
  EXPECT_FALSE(cluster_->CreateDatabase("OTHER"));
  Reopen();
  ASSERT_TRUE(cluster_->FindDatabase("other"));
  StatePtr reader = (*cluster_->FindDatabase("Other"))->state();
  ASSERT_TRUE(cluster_->DropDatabase("other"));
  EXPECT_FALSE(cluster_->FindDatabase("Other"));
  cluster_->CollectGarbage();
  EXPECT_EQ(files().List(scratch() + "/storage/databases")->size(), 1u);
  Reopen();
  EXPECT_EQ(cluster_->databases().size(), 1u);
}

TEST_F(DatabaseTest, OneProcessAtATime) {
  auto second = Open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "Locked");
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
}

TEST_F(DatabaseTest, AFolderOfSomebodyElseIsLeftAlone) {
  ASSERT_TRUE(files().MakeFolders(scratch() + "/other"));
  ASSERT_TRUE(files().WriteAtomic(scratch() + "/other/letter.txt", "dear"));
  ClusterOptions options;
  options.storage = scratch() + "/other";
  auto opened = Cluster::Open(World{&files(), &clock(), &random()}, nullptr, options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, "NotAStorage");
}

TEST_F(DatabaseTest, ManyThreadsCommitTogether) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::string table = MakeTable("T");
  uint64_t before = database_->state()->sequence;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        auto added = AddExtent(table, std::to_string(t) + "-" + std::to_string(i));
        EXPECT_TRUE(added);
        EXPECT_NE(
            added->state->FindTable("T")->FindExtent(std::to_string(t) + "-" + std::to_string(i)),
            nullptr);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(database_->state()->sequence, before + kThreads * kEach);
  EXPECT_EQ(database_->state()->FindTable("T")->extents.size(), size_t{kThreads * kEach});
  size_t objects = files().List(database_->folder() + "/journal")->size();
  EXPECT_LT(objects, size_t{kThreads * kEach}) << "waiting transactions share an object";
  Reopen();
  EXPECT_EQ(database_->state()->FindTable("T")->extents.size(), size_t{kThreads * kEach});
}

TEST_F(DatabaseTest, SnapshotsReplaceTheJournal) {
  std::string table = MakeTable("T");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(AddExtent(table, "e" + std::to_string(i)));
  ASSERT_TRUE(database_->SnapshotIfDue(false));
  EXPECT_EQ(files().List(database_->folder() + "/snapshots")->size(), 0u) << "not due";
  ASSERT_TRUE(database_->SnapshotIfDue(true));
  EXPECT_EQ(files().List(database_->folder() + "/journal")->size(), 0u);
  ASSERT_TRUE(AddExtent(table, "last"));
  ASSERT_TRUE(database_->SnapshotIfDue(true));
  EXPECT_EQ(files().List(database_->folder() + "/snapshots")->size(), 1u);
  ASSERT_TRUE(AddExtent(table, "after"));
  Reopen();
  EXPECT_EQ(database_->state()->FindTable("T")->extents.size(), 12u);
}

}  // namespace
}  // namespace kc::local
