#include "local/catalog/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace kc::local {
namespace {

constexpr std::string_view kMarkerFormat = "kusto-local storage";
constexpr int kStorageVersion = 1;
// A folder under this name is no database any more, however much of it is left.
constexpr std::string_view kDroppedSuffix = ".dropped";

// A crash half way must not leave a journal without its last objects: it would be a database again.
Status RemoveDatabaseFolder(world::Files& files, const std::string& folder) {
  std::string dropped = folder + std::string(kDroppedSuffix);
  KC_TRY(files.Rename(folder, dropped));
  return files.RemoveAll(dropped);
}

// Is it a storage, of the version that this program writes?
Status CheckMarker(const std::string& path, const std::string& text) {
  const auto json = ParseJson(text);
  const bool ours = json && json->is_object() && json->contains("format") &&
                    json->at("format") == kMarkerFormat && json->contains("version") &&
                    json->at("version").is_number_integer();
  if (!ours) return Stop("'" + path + "' is damaged: restore it from a backup", "DamagedStorage");
  const auto version = json->at("version").get<int64_t>();
  if (version == kStorageVersion) return {};
  return Stop(fmt::format("'{}' says version {} of the storage, this kusto-local knows version {}: "
                          "start the kusto-local that wrote it, or a newer one",
                          path, version, kStorageVersion),
              "UnknownFormat");
}

tl::unexpected<Error> NoDatabase(std::string_view name) {
  return Stop("Entity ID '" + std::string(name) + "' of kind 'Database' was not found.",
              "BadRequest_DatabaseNotExist");
}

}  // namespace

Cluster::Cluster(World world, engine::Engine* engine, ClusterOptions options)
    : world_(world),
      engine_(engine),
      options_(std::move(options)),
      started_ticks_(world.clock->NowTicks()) {}

Cluster::~Cluster() = default;

Result<std::unique_ptr<Cluster>> Cluster::Open(World world, engine::Engine* engine,
                                               ClusterOptions options) {
  std::unique_ptr<Cluster> cluster(new Cluster(world, engine, std::move(options)));
  KC_TRY(cluster->PrepareStorage());
  // A kill between the creation of a folder and its sync must not cost what is put into it later.
  KC_TRY(world.files->Sync(cluster->options_.storage));
  KC_TRY(cluster->OpenDatabases());
  return cluster;
}

// Somebody else's folder is left as it is: not even a lock comes into it.
Status Cluster::RequireOwnFolder() {
  world::Files& files = *world_.files;
  const std::string& storage = options_.storage;
  KC_TRY(files.MakeFolders(storage));
  if (files.Exists(storage + "/storage.json")) return {};
  KC_ASSIGN(const std::vector<world::FileInfo> found, files.List(storage));
  for (const world::FileInfo& file : found) {
    // What a start that was killed left, and what a fresh file system has.
    if (file.name == "lock" || file.name.starts_with("storage.json.tmp-") ||
        file.name == "lost+found") {
      continue;
    }
    return Stop("the folder '" + storage + "' is neither empty nor a storage of kusto-local",
                "NotAStorage");
  }
  return {};
}

Status Cluster::PrepareStorage() {
  world::Files& files = *world_.files;
  const std::string& storage = options_.storage;
  KC_TRY(RequireOwnFolder());
  auto lock = files.Lock(storage + "/lock");
  if (!lock) {
    Error error = std::move(lock).error();
    if (error.reason == "Locked") {
      error.message = "the storage '" + storage + "' is in use by another kusto-local";
    }
    return Fail(std::move(error));
  }
  lock_ = *std::move(lock);
  std::string marker = storage + "/storage.json";
  KC_ASSIGN(std::vector<world::FileInfo> found, files.List(storage));
  for (const world::FileInfo& file : found) {
    if (file.name.starts_with("storage.json.tmp-")) {
      KC_TRY(files.Remove(storage + "/" + file.name));
    }
  }
  if (files.Exists(marker)) {
    KC_ASSIGN(const std::string text, files.Read(marker));
    KC_TRY(CheckMarker(marker, text));
    return files.MakeFolders(storage + "/databases");
  }
  KC_TRY(files.WriteAtomic(marker, DumpJson(Json{{"format", kMarkerFormat},
                                                 {"version", kStorageVersion},
                                                 {"id", world_.random->Guid()}}) +
                                       "\n"));
  return files.MakeFolders(storage + "/databases");
}

Status Cluster::OpenDatabases() {
  world::Files& files = *world_.files;
  std::string folder = options_.storage + "/databases";
  KC_ASSIGN(std::vector<world::FileInfo> found, files.List(folder));
  for (const world::FileInfo& file : found) {
    std::string path = folder + "/" + file.name;
    if (file.name.ends_with(kDroppedSuffix)) {
      KC_TRY(files.RemoveAll(path));
      continue;
    }
    KC_ASSIGN(DatabasePtr database,
              Database::Open(files, *world_.clock, *world_.random, path, options_.database));
    if (database == nullptr) {
      KC_TRY(RemoveDatabaseFolder(files, path));
      continue;
    }
    std::string key = ToLowerAscii(database->name());
    if (!by_name_.emplace(key, database).second) {
      return Stop("two databases are called '" + database->name() + "': '" + path + "' and '" +
                      by_name_[key]->folder() + "'",
                  "DamagedStorage");
    }
  }
  if (by_name_.empty()) KC_TRY(MakeDatabase(std::string(kDefaultDatabase)));
  return {};
}

Result<DatabasePtr> Cluster::FindDatabase(std::string_view name) const {
  std::lock_guard lock(mutex_);
  auto it = by_name_.find(ToLowerAscii(name));
  if (it == by_name_.end()) return NoDatabase(name);
  return it->second;
}

std::vector<DatabasePtr> Cluster::databases() const {
  std::lock_guard lock(mutex_);
  std::vector<DatabasePtr> out;
  for (const auto& [name, database] : by_name_) out.push_back(database);
  return out;
}

Result<DatabasePtr> Cluster::MakeDatabase(const std::string& name) {
  if (FindDatabase(name)) {
    return Stop("Database '" + name + "' already exists.", "BadRequest_EntityAlreadyExists");
  }
  DatabaseMeta meta;
  meta.id = world_.random->Guid();
  meta.name = name;
  std::string folder = options_.storage + "/databases/" + meta.id;
  KC_ASSIGN(DatabasePtr database, Database::Create(*world_.files, *world_.clock, *world_.random,
                                                   folder, std::move(meta), options_.database));
  std::lock_guard lock(mutex_);
  by_name_[ToLowerAscii(name)] = database;
  return database;
}

Result<DatabasePtr> Cluster::CreateDatabase(const std::string& name) {
  std::lock_guard one(create_mutex_);
  return MakeDatabase(name);
}

Status Cluster::DropDatabase(std::string_view name) {
  std::lock_guard one(create_mutex_);
  KC_ASSIGN(DatabasePtr database, FindDatabase(name));
  KC_TRY(database->Commit([&](const DatabaseState& state, TransactionBuilder& transaction) {
    transaction.SetEvent("DROP-DATABASE", state.name());
    transaction.DropDatabase();
    return Status();
  }));
  std::lock_guard lock(mutex_);
  by_name_.erase(ToLowerAscii(database->name()));
  dropped_.push_back(std::move(database));
  return {};
}

void Cluster::CollectGarbage() {
  for (const DatabasePtr& database : databases()) database->extents().CollectGarbage();
  std::vector<DatabasePtr> dropped;
  {
    std::lock_guard lock(mutex_);
    dropped = dropped_;
  }
  for (const DatabasePtr& database : dropped) {
    database->extents().CollectGarbage();
    if (database->extents().Count() > 0) continue;
    Status removed = RemoveDatabaseFolder(*world_.files, database->folder());
    if (!removed) LogWarn("a dropped database stays on disk: {}", removed.error().message);
    std::lock_guard lock(mutex_);
    std::erase(dropped_, database);
  }
}

}  // namespace kc::local
