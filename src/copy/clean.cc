#include "copy/clean.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "copy/protocol/step.h"
#include "copy/tables/tables_now.h"
#include "kusto/commands/schema.h"
#include "kusto/commands/transfer.h"

namespace kc::copy {

namespace commands = kusto::commands;
using world::Task;

namespace {

// Tokens of one `.drop extent tags`.
constexpr size_t kMaxTags = 200;
// Looks for a table that isn't found by its name: each is for one more renaming meanwhile.
constexpr int kMaxLooks = 3;

// "Not found" is settled by looking for the table's id: one that was renamed keeps its tags until
// they are dropped under its new name, one that is gone has taken them along.
Task<Status> DropSome(Session& session, const TableRun& run, std::vector<std::string> tokens) {
  std::string name = run.destination;
  for (int look = 0;; ++look) {
    auto drop = session.IdempotentCommand(session.environment.destination,
                                          commands::DropExtentTags(name, tokens));
    const Result<kusto::Answer> dropped = co_await drop;
    if (dropped) co_return Status();
    if (dropped.error().reason.find("EntityNotFound") == std::string::npos || look == kMaxLooks) {
      co_return Fail(dropped.error());
    }
    KC_CO_ASSIGN(const auto tables, ReadTables(session, session.environment.destination));
    const std::string now = NameOf(tables, run.destination_id);
    if (now.empty()) co_return Status();
    // It is where it was: whatever wasn't found, it isn't the table.
    if (now == name) co_return Fail(dropped.error());
    name = now;
  }
}

Task<Status> DropTags(Session& session, const TableRun& run, std::vector<std::string> tokens) {
  for (size_t from = 0; from < tokens.size(); from += kMaxTags) {
    std::vector<std::string> some(
        tokens.begin() + static_cast<long>(from),
        tokens.begin() + static_cast<long>(std::min(tokens.size(), from + kMaxTags)));
    KC_CO_TRY(DropSome(session, run, std::move(some)));
  }
  co_return Status();
}

// Each deletion is a round trip to the storage; more at once would take the place of requests that
// blocks wait for.
constexpr size_t kDeletionsAtOnce = 8;

struct Deletion {
  std::vector<std::string> folders;
  size_t next = 0;
  Status status;  // the first that failed; the others aren't begun then
};

Task<void> DeleteOneByOne(Session& session, Deletion& all) {
  while (all.status && all.next < all.folders.size()) {
    const std::string& folder = all.folders[all.next++];
    world::Io<Status> io(session.environment.executor, "lake.delete",
                         [&session, &folder]() -> Status {
                           KC_TRY(session.environment.lake.DeletePrefix(folder + "/"));
                           return {};
                         });
    const Status deleted = co_await io;
    if (!deleted && all.status) all.status = deleted;
  }
}

Task<Status> DeleteFolders(Session& session, std::vector<std::string> folders) {
  Deletion all{.folders = std::move(folders), .next = 0, .status = {}};
  world::TaskGroup group;
  for (size_t i = 0; i < std::min(kDeletionsAtOnce, all.folders.size()); ++i) {
    group.Start(DeleteOneByOne(session, all));
  }
  auto join = group.Join();
  co_await join;
  co_return all.status;
}

}  // namespace

Task<Status> CleanMoved(Session& session, TableRun& run) {
  std::vector<int64_t> ids;
  std::vector<std::string> tokens;
  std::vector<std::string> folders;
  for (const auto& [id, block] : run.blocks) {
    if (block.stage != Stage::kMoved) continue;
    ids.push_back(id);
    for (auto& token : block.Tokens()) tokens.push_back(std::move(token));
    folders.insert(folders.end(), block.folders.begin(), block.folders.end());
    if (!block.folder.empty()) folders.push_back(block.folder);
  }
  if (ids.empty()) co_return Status();
  // Moved is durable for each of them: nothing needs the tags or the blobs any more.
  auto tags = DropTags(session, run, std::move(tokens));
  Status cleaned = co_await tags;
  if (cleaned) {
    auto remove = DeleteFolders(session, std::move(folders));
    cleaned = co_await remove;
  }
  if (!cleaned) {
    if (session.ending()) co_return cleaned;
    session.Notify(run.name, "clean-up is put off: " + cleaned.error().message);
    co_return Status();
  }
  std::vector<checkpoint::Record> group;
  Event event;
  event.kind = EventKind::kCleaned;
  for (const int64_t id : ids) {
    Step step = Advance(run.blocks.at(id), event);
    run.blocks.at(id) = std::move(step.block);
    group.push_back(Ledger::RecordOf(run, run.blocks.at(id), session.Now()));
    FinishBlock(run, id);
  }
  auto write = session.Write(std::move(group));
  co_return co_await write;
}

Task<void> DeleteFiles(Session& session, const TableRun& run) {
  std::vector<std::string> folders;
  for (const auto& [id, block] : run.blocks) {
    folders.insert(folders.end(), block.folders.begin(), block.folders.end());
    if (!block.folder.empty()) folders.push_back(block.folder);
  }
  auto remove = DeleteFolders(session, std::move(folders));
  const Status removed = co_await remove;
  if (!removed) LogWarn("files of table {} stay: {}", run.name, removed.error().message);
}

namespace {

// "Db/data/g7/i1-t1-b1-e1-abc/part_1.parquet": its generation, and the folder "Db/data/g7/i1-…".
struct Placed {
  int64_t generation = 0;
  std::string folder;
};
std::optional<Placed> PlaceOf(const std::string& name, const std::string& root) {
  if (!name.starts_with(root + "g")) return std::nullopt;
  const size_t slash = name.find('/', root.size());
  if (slash == std::string::npos) return std::nullopt;
  const size_t end = name.find('/', slash + 1);
  if (end == std::string::npos) return std::nullopt;
  const auto generation = ParseInt64(name.substr(root.size() + 1, slash - root.size() - 1));
  if (!generation) return std::nullopt;
  return Placed{*generation, name.substr(0, end)};
}

}  // namespace

Task<Status> SweepFolders(Session& session) {
  std::set<std::string> needed;
  for (const auto& [key, run] : session.ledger.tables) {
    for (const auto& [id, block] : run.blocks) {
      needed.insert(block.folder);
      needed.insert(block.folders.begin(), block.folders.end());
    }
  }
  const std::string root = session.folder + "data/";
  const int64_t own = session.journal.generation();
  world::Io<Status> io(session.environment.executor, "lake.sweep", [&]() -> Status {
    auto& lake = session.environment.lake;
    KC_ASSIGN(const auto objects, azure::ListAll(lake, root));
    for (const auto& object : objects) {
      const auto placed = PlaceOf(object.name, root);
      if (!placed || placed->generation >= own || needed.contains(placed->folder)) continue;
      KC_TRY(lake.Delete(object.name));
    }
    return {};
  });
  co_return co_await io;
}

}  // namespace kc::copy
