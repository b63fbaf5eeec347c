// Support of tests: the name keeps it out of the library.
#include "local/testing/storage_world.h"

namespace kc::local {
namespace {

Status CommitTo(StorageWorld& world, const std::string& database, const Database::Change& change) {
  DatabasePtr found = world.Database(database);
  if (found == nullptr) return Stop("no database");
  KC_TRY(found->Commit(change));
  return {};
}

}  // namespace

Operation CreateTable(const std::string& name) {
  return [=](StorageWorld& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.PutTable(NewTable("id-" + name, name, {{"a", ScalarType::kLong}}));
    });
  };
}

Operation Ingest(const std::string& table, std::vector<std::string> ids) {
  return [=](StorageWorld& world) -> Status {
    DatabasePtr database = world.Database("NetDefaultDB");
    if (database == nullptr) return Stop("no database");
    std::vector<NewExtent> extents;
    for (const std::string& id : ids) {
      NewExtent extent;
      ExtentFile file;
      ExtentStore::Draft draft = database->extents().NewDraft();
      {
        KC_ASSIGN(auto out, world.files.OpenAppend(draft.first_path()));
        KC_TRY(out->Append("rows of " + id));
      }
      KC_TRY(draft.Keep());
      file.key = draft.Keys().front();
      file.rows = 3;
      file.column_ids = {0};
      extent.id = id;
      extent.file = database->extents().Register(std::move(file));
      extents.push_back(std::move(extent));
    }
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.AddExtents("id-" + table, extents);
    });
  };
}

Operation Move(const std::string& from, const std::string& to, std::vector<ExtentMove> moves) {
  return [=](StorageWorld& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.MoveExtents("id-" + from, "id-" + to, moves, true);
    });
  };
}

Operation Remove(const std::string& table, std::vector<std::string> ids) {
  return [=](StorageWorld& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.RemoveExtents("id-" + table, ids);
    });
  };
}

Operation Retag(const std::string& table, const ExtentMove& extent, const std::string& tag) {
  return [=](StorageWorld& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.RetagExtent("id-" + table, extent, {tag});
    });
  };
}

Operation SwapNames(const std::string& a, const std::string& b) {
  return [=](StorageWorld& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState& state, TransactionBuilder& tx) {
      TableMeta first = *state.FindTable(a)->meta;
      TableMeta second = *state.FindTable(b)->meta;
      std::swap(first.name, second.name);
      return tx.PutTables({first, second});
    });
  };
}

Operation DropTable(const std::string& name) {
  return [=](StorageWorld& world) {
    return CommitTo(world, "NetDefaultDB", [&](const DatabaseState&, TransactionBuilder& tx) {
      return tx.DropTable("id-" + name);
    });
  };
}

Status Maintain(StorageWorld& world) {
  for (const DatabasePtr& database : world.cluster->databases()) {
    KC_TRY(database->SnapshotIfDue(true));
  }
  world.cluster->CollectGarbage();
  return {};
}

Operation RandomOperation(SeededRandom& random, StorageWorld& world, int n) {
  StatePtr state = world.Database("NetDefaultDB")->state();
  std::vector<std::string> names;  // as created; tables may have swapped them
  std::vector<TablePtr> filled;
  for (const auto& [name, table] : state->tables) {
    names.push_back(table->id().substr(3));
    if (!table->extents.empty()) filled.push_back(table);
  }
  auto pick = [&](const auto& list) { return list[random.Below(list.size())]; };
  auto extent_of = [&](const TablePtr& table) {
    std::vector<std::string> ids;
    for (const auto& [ordinal, extent] : table->extents) ids.push_back(extent->id);
    return pick(ids);
  };
  std::string unique = std::to_string(n);
  uint64_t kind = names.empty() ? 0 : random.Below(filled.empty() ? 5 : 9);
  if (kind == 0 || names.size() < 2) return CreateTable("T" + unique);
  if (kind == 1) return Maintain;
  if (kind == 2) return DropTable(pick(names));
  if (kind == 3 && names.size() > 1) {
    std::string first = state->tables.begin()->first;
    std::string other = state->FindTableById("id-" + pick(names))->name();
    if (first != other) return SwapNames(first, other);
  }
  if (kind <= 5) return Ingest(pick(names), {"e" + unique, "f" + unique});
  TablePtr table = pick(filled);
  std::string name = table->id().substr(3);
  std::string id = extent_of(table);
  if (kind == 6) return Remove(name, {id});
  if (kind == 7) return Retag(name, {id, "r" + unique}, "tag" + unique);
  return Move(name, pick(names), {{id, "m" + unique}});
}

}  // namespace kc::local
