#include "local/ingest/publish.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.h"
#include "base/ticks.h"

namespace kc::local {
namespace {

Status RemoveAll(TransactionBuilder& transaction, const std::string& table_id) {
  TablePtr table = transaction.state().FindTableById(table_id);
  if (table == nullptr) return {};
  std::vector<std::string> ids;
  for (const auto& [ordinal, extent] : table->extents) ids.push_back(extent->id);
  if (ids.empty()) return {};
  return transaction.RemoveExtents(table_id, ids);
}

std::vector<NewExtent> MakeExtents(Database& database, const std::vector<ExtentFilePtr>& files,
                                   const std::vector<std::string>& tags, int64_t creation_ticks,
                                   std::vector<std::string>* ids) {
  std::vector<NewExtent> extents;
  for (const ExtentFilePtr& file : files) {
    NewExtent extent;
    extent.id = database.NewGuid();
    extent.file = file;
    extent.created_ticks = creation_ticks;
    extent.tags = tags;
    if (ids != nullptr) ids->push_back(extent.id);
    extents.push_back(std::move(extent));
  }
  return extents;
}

// The tables' part of the transaction: what is there must still be what the data was made for.
Status PrepareTables(const Publication& p, TransactionBuilder& transaction) {
  if (p.put_table) {
    TablePtr named = transaction.state().FindTable(p.put_table->name);
    if (named != nullptr && p.must_not_exist) {
      return Stop("Entity ID '" + p.put_table->name + "' of kind 'Table' already exists.",
                  "BadRequest_EntityAlreadyExists");
    }
    if (named != nullptr && named->id() != p.put_table->id) {
      return Fail(ErrorCode::kRetry,
                  "Table '" + p.put_table->name + "' was created meanwhile by another command");
    }
    TableMeta meta = *p.put_table;
    if (named != nullptr) {
      if (named->meta->columns != p.base_columns) {
        return Fail(ErrorCode::kRedo,
                    "The columns of table '" + meta.name + "' changed while the command ran");
      }
      // Only the columns are this command's: policies and the like may have changed meanwhile.
      meta = *named->meta;
      meta.columns = p.put_table->columns;
      meta.next_column_id = std::max(meta.next_column_id, p.put_table->next_column_id);
    }
    KC_TRY(transaction.PutTable(std::move(meta)));
  } else if (transaction.state().FindTableById(p.table_id) == nullptr) {
    return Stop("The table was dropped while the data was read", "BadRequest_EntityNotFound");
  }
  if (p.replace_all) KC_TRY(RemoveAll(transaction, p.table_id));
  for (const std::string& id : p.replaced_derived) KC_TRY(RemoveAll(transaction, id));
  return {};
}

}  // namespace

bool AlreadyIngested(const Table& table, const std::vector<std::string>& names) {
  if (names.empty()) return false;
  std::vector<std::string> tags;
  for (const std::string& name : names) tags.push_back(IngestByTag(name));
  for (const auto& [ordinal, extent] : table.extents) {
    for (const std::string& tag : extent->tags) {
      if (std::find(tags.begin(), tags.end(), tag) != tags.end()) return true;
    }
  }
  return false;
}

Result<Published> Publish(const Publication& p) {
  Published published;
  auto change = [&](const DatabaseState& state, TransactionBuilder& transaction) -> Status {
    published.extent_ids.clear();
    TablePtr before = state.FindTableById(p.table_id);
    if (before != nullptr && AlreadyIngested(*before, p.ingest_if_not_exists)) {
      published.skipped = true;
      return {};
    }
    KC_TRY(PrepareTables(p, transaction));
    Database& database = *p.database;
    KC_TRY(transaction.AddExtents(
        p.table_id,
        MakeExtents(database, p.files, p.tags, p.creation_ticks, &published.extent_ids)));
    for (const DerivedData& derived : p.derived) {
      if (transaction.state().FindTableById(derived.table_id) == nullptr) continue;
      KC_TRY(transaction.AddExtents(
          derived.table_id, MakeExtents(database, derived.files,
                                        derived.propagate ? p.tags : std::vector<std::string>{},
                                        derived.propagate ? p.creation_ticks : 0, nullptr)));
    }
    TablePtr table = transaction.state().FindTableById(p.table_id);
    transaction.SetEvent(p.event, table != nullptr ? table->name() : "");
    return {};
  };
  KC_ASSIGN(CommitInfo info, p.database->Commit(change));
  published.state = info.state;
  return published;
}

Status CheckCreationTime(const DatabaseState& state, const TableMeta& table, int64_t creation_ticks,
                         int64_t now_ticks) {
  if (creation_ticks == 0) return {};
  auto policy = EffectivePolicy(state, table, "retention");
  if (!policy) return {};
  auto json = ParseJson(*policy);
  if (!json || !json->is_object()) return {};
  auto period = json->find("SoftDeletePeriod");
  if (period == json->end() || !period->is_string()) return {};
  auto ticks = ParseTimeSpan(period->get<std::string>());
  if (!ticks || creation_ticks >= now_ticks - *ticks) return {};
  return Stop("Creation time " + FormatDateTime(creation_ticks) +
                  " is earlier than the soft delete period " + FormatTimeSpan(*ticks) +
                  " of table '" + table.name + "' allows",
              "BadRequest_CreationTimeEarlierThanSoftDeletePeriod");
}

}  // namespace kc::local
