// The requests behind the actions of a block: each sends one thing and tells what happened as an
// event. An error is returned only for what ends the session or can't be read at all.
#pragma once

#include <functional>

#include "copy/protocol/step.h"
#include "copy/session.h"

namespace kc::copy {

class BlockIo {
 public:
  // `exported`: called when the cluster is done with an export's operation, so that the next one
  // gets the slot while the files of this one are still asked for.
  BlockIo(Session& session, TableRun& run, std::function<void()> exported)
      : session_(session), run_(run), exported_(std::move(exported)) {}
  // `block` must stay where it is until the task ends.
  world::Task<Result<Event>> Do(Action action, const Block& block);

 private:
  world::Task<Result<Event>> Export(const Block& block);
  world::Task<void> SendExport(const Block& block, Event& event);
  world::Task<void> ExportedSums(const Event& exported, Result<Fingerprint>& sums);
  world::Task<void> SourceSums(const Block& block, Result<Fingerprint>& sums);
  world::Task<Result<Event>> FingerprintAgain(const Block& block);
  world::Task<Result<Event>> Ingest(const Block& block);
  world::Task<void> IngestPart(const Block& block, const Part& part, PartSeen& seen);
  world::Task<PartSeen> LookAtPart(const Block& block, const Part& part, PartSeen seen);
  world::Task<Result<Event>> Verify(const Block& block);
  world::Task<Status> LookForDeletedRows(std::string table, Event& event);
  world::Task<Result<Event>> Move(const Block& block);
  world::Task<Result<Event>> Take(const Block& block, const Home& from, bool from_home);
  world::Task<Result<Event>> GiveUpStaging(const Block& block);
  world::Task<Result<Event>> SendMove(std::string from, std::string to,
                                      std::vector<std::string> ids, bool publish,
                                      std::string request_id);
  world::Task<Result<Event>> Look(const Block& block, bool history);
  world::Task<Result<History>> AskHistory(const Block& block);
  world::Task<Result<Event>> Explain(const Block& block);
  world::Task<Result<std::vector<std::string>>> DifferingColumns(const Block& block);

  Session& session_;
  TableRun& run_;
  const std::function<void()> exported_;
};

// The rows of a block at the source.
kusto::commands::Rows RowsOf(const TableRun& run, const Block& block);
// The fingerprint of rows at the source, all slices.
world::Task<Result<Fingerprint>> FingerprintSource(Session& session, kusto::commands::Rows rows,
                                                   std::vector<ColumnSchema> columns);

}  // namespace kc::copy
