// A Kusto cluster in memory that understands the texts of kusto/commands and nothing else, at least
// as strict as the service: moves are all or nothing, operations are forgotten, only the last state
// of one is shown, answers may come for nothing. One database.
//
// Its state is public: tests change it as a user of the service would, and look at it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "azure/object_store.h"
#include "cluster_state.h"
#include "kusto/answers.h"
#include "unknowns.h"

namespace kc::sim {

// What happened in a cluster, when it did: the truth, for checkers.
enum class EffectKind {
  kExport,  // files written; `rows`, `folder`
  kIngest,  // extents committed to `table`; `tag`, `rows`
  kMove,    // extents from `table` to `to`; `extents` (new ids), `rows`
  kCreateTable,
  kDropTable,
  kDropTags,
  kMerge,
  kOther,  // functions, policies
};
struct Effect {
  EffectKind kind = EffectKind::kOther;
  world::Duration when{};
  std::string text;  // the command
  std::string request_id;
  std::string table, to, tag, folder;
  std::vector<std::string> extents;
  int64_t rows = 0;
};

struct ServerRequest {
  enum class Kind { kQuery, kShow, kCommand } kind = Kind::kQuery;
  std::string database, text, request_id;
};
using Reply = std::function<void(Result<kusto::Answer>)>;

class Cluster {
 public:
  // `lake`: through which the cluster reads and writes files, without faults of a network.
  Cluster(std::string address, Timeline& timeline, azure::ObjectStore& lake, uint64_t seed);
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // A request has arrived: acts, at once or later, and replies once.
  void Serve(const ServerRequest& request, Reply reply);

  // ---- as a user of the service
  Table& CreateTable(const std::string& name, std::vector<ColumnSchema> columns);
  // One extent with these rows. Nothing for `ingested`: now, dated when the unknowns say so.
  void Append(const std::string& table, std::vector<std::vector<Value>> rows,
              std::optional<int64_t> ingested = {}, std::optional<int64_t> created = {});
  // Rows without ingestion time.
  void AppendUndated(const std::string& table, std::vector<std::vector<Value>> rows);
  // Merges two extents of the table: new id, tags united, newest creation time. False if there
  // aren't two.
  bool Merge(const std::string& table);
  // The table's rows as texts, each as often as it is there, sorted.
  std::vector<std::string> Contents(const std::string& table) const;
  // Rows that a cursor window ("", cursor] of the source holds, in the same form.
  std::vector<std::string> ContentsUpTo(const std::string& table, int64_t cursor) const;
  Table* Find(const std::string& table);
  const Table* Find(const std::string& table) const;
  Table* FindById(const std::string& id);

  const std::string address;
  std::string database = "Db", database_id;
  std::map<std::string, Table> tables;
  std::map<std::string, std::string> functions;  // name → docstring
  std::map<std::string, Operation> operations;
  // Moves as `.show commands` lists them: client request id, state.
  std::vector<std::pair<std::string, std::string>> past_moves;
  std::vector<std::pair<world::Duration, int64_t>> cursors;  // when each became current
  int64_t cursor = 1;
  Unknowns unknowns;
  Pace pace;
  Weather weather;
  int exports_running = 0, ingests_running = 0;
  int exports = 0, ingests = 0, moves = 0, commands = 0, queries = 0, shows = 0;
  // Of every change, at the moment it happened.
  std::function<void(const Effect&)> on_effect;
  // Weak reads on purpose: what QueryConsistency answers say.
  std::string consistency = "strongconsistency";

  // ---- for the parts of the implementation
  Timeline& timeline;
  azure::ObjectStore& lake;
  SeededRandom random;
  std::string NewId();
  world::Duration Around(world::Duration mean);
  void Tell(Effect effect);
  int64_t NextCursor();
};

}  // namespace kc::sim
