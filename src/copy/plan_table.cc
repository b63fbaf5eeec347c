#include "copy/plan_table.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/seeded_bugs.h"
#include "base/ticks.h"
#include "copy/block_io.h"
#include "copy/count_tables.h"
#include "copy/protocol/planner.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {

// Rows of a histogram's answer: at most some 20 MB, and below the 500,000 rows that a cluster gives
// where it doesn't let its limit be lifted.
constexpr int kLargestLimit = 160'000;
// One instant in more extents than that can't be planned.
constexpr int kMostExtents = 450'000;
// A cluster that refuses even this many rows isn't asked for fewer.
constexpr int kSmallestLimit = 500;
// Planned blocks that wait; planning goes on when there are fewer (memory).
constexpr size_t kMaxWaiting = 1'000;
// Of one record group, which must fit into one append.
constexpr size_t kBlocksPerGroup = 1'000;

// The result is larger than the cluster gives at once.
bool TooLarge(const Error& error) {
  constexpr std::string_view kCode = "E_QUERY_RESULT_SET_TOO_LARGE";
  return error.reason == kCode || error.message.find(kCode) != std::string::npos;
}

class Planner {
 public:
  Planner(Session& session, TableRun& run, std::function<void(int64_t)> start)
      : session_(session), run_(run), start_(std::move(start)) {
    limits_.max_rows = session.environment.options.block_rows;
    limits_.max_bytes = session.environment.options.block_bytes;
    limits_.now = run.created;
    limit_ = session.environment.options.band_rows;
  }

  Task<Status> Run();

 private:
  Task<Result<int64_t>> Count();
  Task<Status> ReadExtents();
  Task<Status> ChooseFormat();
  Task<Result<bool>> PlanOneBand();
  Task<Status> PlanUndated();
  Task<Result<bool>> UndatedAreQuiet();
  Task<Status> CloseWindow(int64_t after);
  Task<Status> AddBlocks(std::vector<PlannedBlock> blocks, std::optional<int64_t> band_end,
                         bool undated);
  Task<Status> Finish();
  void CountExpired(const Histogram& histogram);

  Session& session_;
  TableRun& run_;
  std::function<void(int64_t)> start_;
  PlanLimits limits_;
  std::map<std::string, ExtentFacts> extents_;
  int limit_ = 0;
  int most_ = kMostExtents;  // that the cluster gives
  int64_t expired_ = 0;      // rows that the destination's retention will remove
};

void Planner::CountExpired(const Histogram& histogram) {
  const auto pair = session_.tables.find(run_.name);
  if (pair == session_.tables.end() || !pair->second.retention) return;
  const int64_t oldest = session_.Now() - *pair->second.retention;
  for (const auto& instant : histogram.instants) {
    if (instant.created < oldest) expired_ += instant.rows;
  }
}

Task<Result<int64_t>> Planner::Count() {
  KC_CO_ASSIGN(const Answer answer,
               session_.StrongQuery(session_.environment.source,
                                    commands::CountRows(WindowOf(session_, run_))));
  if (answer.table().rows.size() != 1) co_return Stop("a count has not one row");
  co_return kusto::GetInt(answer.table(), 0, "N");
}

// One look at the datetimes saves an export and an ingestion of every table that has finer ones
// than microseconds. Whatever else a format doesn't carry is found by the verification.
Task<Status> Planner::ChooseFormat() {
  const auto pair = session_.tables.find(run_.name);
  if (pair != session_.tables.end()) run_.format = pair->second.first_format;
  const std::string text = commands::KindsOfTimes(WindowOf(session_, run_), run_.columns);
  if (run_.format == ExportFormat::kCsv || text.empty()) co_return Status();
  KC_CO_ASSIGN(const Answer answer, session_.StrongQuery(session_.environment.source, text));
  if (answer.table().rows.size() != 1) co_return Stop("a count has not one row");
  run_.format = commands::FormatForTimes(run_.format, kusto::GetInt(answer.table(), 0, "N"));
  co_return Status();
}

Task<Status> Planner::ReadExtents() {
  KC_CO_ASSIGN(const Answer answer,
               session_.Show(session_.environment.source, commands::ShowExtentSizes(run_.name)));
  KC_CO_TAKE(const auto extents, commands::ReadExtents(answer.table()));
  extents_.clear();
  for (const auto& extent : extents) {
    const auto rows = static_cast<double>(std::max<int64_t>(1, extent.rows));
    extents_[extent.id] = {extent.max_created, extent.original_bytes / rows};
  }
  co_return Status();
}

Task<Status> Planner::AddBlocks(std::vector<PlannedBlock> blocks, std::optional<int64_t> band_end,
                                bool undated) {
  std::vector<checkpoint::Record> group;
  const int64_t now = session_.Now();
  std::vector<int64_t> ids;
  for (auto& planned : blocks) {
    Block block;
    block.id = run_.next_block++;
    block.created = now;
    block.ranges = std::move(planned.ranges);
    block.residue = planned.residue;
    block.undated = undated;
    block.planned_rows = planned.rows;
    block.planned_bytes = planned.bytes;
    block.creation_time = planned.created;
    block.format = run_.format;
    run_.planned_rows += planned.rows;
    ++run_.planned_blocks;
    ids.push_back(block.id);
    run_.blocks[block.id] = std::move(block);
  }
  if (band_end) run_.band_end = band_end;
  if (undated) run_.undated_copied = true;
  // The table first: it counts its blocks and says where the next band begins.
  group.push_back(Ledger::RecordOf(run_, now));
  if (SeededBug(Bug::kBandEndAlone)) KC_CO_TRY(session_.Write(std::exchange(group, {})));
  for (const int64_t id : ids) group.push_back(Ledger::RecordOf(run_, run_.blocks.at(id), now));
  KC_CO_TRY(session_.Write(std::move(group)));
  for (const int64_t id : ids) start_(id);
  while (run_.blocks.size() > kMaxWaiting && !session_.ending()) {
    auto wait = session_.progress.Wait();
    co_await wait;
  }
  co_return Status();
}

// True when there may be more.
Task<Result<bool>> Planner::PlanOneBand() {
  auto ask =
      session_.StrongQuery(session_.environment.source,
                           commands::PlanInstants(WindowOf(session_, run_), run_.band_end, limit_));
  const Result<Answer> asked = co_await ask;
  if (!asked && TooLarge(asked.error()) && limit_ > kSmallestLimit) {
    most_ = limit_ = std::max(kSmallestLimit, limit_ / 4);  // whatever the cluster's limit is
    co_return true;
  }
  if (!asked) co_return Fail(asked.error());
  const Answer& answer = *asked;
  const Histogram histogram = ReadHistogram(answer.table(), limit_, extents_);
  CountExpired(histogram);
  if (histogram.truncated && histogram.instants.empty()) {
    // One instant in more extents than the answer may have rows.
    const int most = std::min(kMostExtents, most_);
    if (limit_ >= most) co_return Stop("one instant lies in too many extents to plan");
    limit_ = std::min(most, limit_ * 8);
    co_return true;
  }
  if (histogram.instants.empty()) co_return false;
  auto blocks = PlanBand(histogram.instants, limits_);
  if (blocks.size() > kBlocksPerGroup) {
    // Whole bands only: a smaller band has fewer blocks.
    const auto half = histogram.instants.size() / 2;
    if (half > 0) {
      const std::vector<Instant> first(histogram.instants.begin(),
                                       histogram.instants.begin() + static_cast<long>(half));
      blocks = PlanBand(first, limits_);
      KC_CO_TRY(AddBlocks(std::move(blocks), first.back().last, false));
      co_return true;
    }
  }
  KC_CO_TRY(AddBlocks(std::move(blocks), histogram.instants.back().last, false));
  // Tables with very many instants: larger bands mean fewer, fuller blocks.
  const int largest = std::min(kLargestLimit, most_);
  if (histogram.truncated && limit_ < largest) limit_ = std::min(largest, limit_ * 2);
  co_return histogram.truncated;
}

// Rows may be undated only because they were committed a moment ago: dated later, the next window
// would copy them again. What doesn't change for long enough isn't of that kind (protocol F22).
Task<Result<bool>> Planner::UndatedAreQuiet() {
  commands::Rows rows;
  rows.table = run_.name;
  rows.undated = true;
  if (SeededBug(Bug::kUndatedAtOnce)) co_return true;
  KC_CO_ASSIGN(const Fingerprint before, FingerprintSource(session_, rows, run_.columns));
  const int64_t quiet = session_.environment.options.undated_quiet_ticks;
  if (quiet > 0) {
    session_.Notify(run_.name,
                    fmt::format("looks for {} s whether rows without ingestion time get one",
                                quiet / kTicksPerSecond));
  }
  auto pause = session_.sleeper.Wait(std::chrono::nanoseconds(quiet * 100));
  co_await pause;
  KC_CO_ASSIGN(const Fingerprint after, FingerprintSource(session_, rows, run_.columns));
  co_return before == after&& after.rows == run_.undated_rows;
}

Task<Status> Planner::PlanUndated() {
  KC_CO_ASSIGN(const bool quiet, UndatedAreQuiet());
  if (!quiet) {
    session_.Notify(run_.name, "rows without ingestion time are still changing: not copied");
    co_return Status();
  }
  Instant all;
  all.rows = run_.undated_rows;
  all.created = run_.created;
  for (const auto& [id, facts] : extents_) {
    all.bytes = std::max(all.bytes,
                         static_cast<int64_t>(facts.bytes_per_row * static_cast<double>(all.rows)));
  }
  auto add = AddBlocks(PlanBand({all}, limits_), std::nullopt, true);
  co_return co_await add;
}

// Inside a closed window rows can only vanish, unless somebody moves extents in behind the cursor:
// counted again whenever the table has something new (protocol F23).
Task<Status> Planner::CloseWindow(int64_t after) {
  if (run_.start_cursor.empty()) {
    run_.closed_rows = after;
    co_return Status();
  }
  commands::Rows rows;
  rows.table = run_.name;
  rows.upto = run_.start_cursor;
  if (session_.ledger.facts) rows.not_before = session_.ledger.facts->horizon;
  KC_CO_ASSIGN(const Answer answer,
               session_.StrongQuery(session_.environment.source, commands::CountRows(rows)));
  if (answer.table().rows.size() != 1) co_return Stop("a count has not one row");
  const int64_t now = kusto::GetInt(answer.table(), 0, "N");
  const int64_t before = session_.ledger.watermarks[run_.name].closed_rows;
  if (before >= 0) TellBehind(session_, run_.name, before, now);
  run_.closed_rows = now + after;
  co_return Status();
}

Task<Status> Planner::Finish() {
  KC_CO_ASSIGN(const int64_t after, Count());
  const int64_t dated = run_.planned_rows - (run_.undated_copied ? run_.undated_rows : 0);
  // Protocol F21: rows can only vanish from a closed window, unless somebody moves extents in. What
  // came behind the part that is planned already isn't copied, and told, as later (F23).
  if (after > dated || dated > run_.window_rows) {
    const std::string what = fmt::format(
        "rows were moved into the source behind the cursor while it was planned: the window held "
        "{} before and {} after, {} are copied",
        run_.window_rows, after, dated);
    run_.remarks.push_back(what);
    session_.Notify(run_.name, what);
  }
  if (expired_ > 0) {
    run_.remarks.push_back(fmt::format("{} rows are older than the destination keeps", expired_));
    session_.Notify(
        run_.name,
        fmt::format("{} rows are older than the destination's retention keeps rows: they "
                    "are copied and will be removed there",
                    expired_));
  }
  if (after < run_.window_rows) {
    session_.Notify(run_.name, fmt::format("{} rows left the source while it was planned",
                                           run_.window_rows - after));
  }
  KC_CO_TRY(CloseWindow(after));
  run_.planned = true;
  run_.state = TableState::kPlanned;
  auto write = session_.WriteOne(Ledger::RecordOf(run_, session_.Now()));
  co_return co_await write;
}

Task<Status> Planner::Run() {
  if (run_.window_rows < 0) {
    KC_CO_ASSIGN(run_.window_rows, Count());
  }
  const bool undated =
      session_.environment.options.include_undated && run_.undated_rows > 0 && !run_.undated_copied;
  if (run_.window_rows > 0 || undated) {
    KC_CO_TRY(ReadExtents());
  }
  if (undated) {
    KC_CO_TRY(PlanUndated());
  }
  if (run_.window_rows > 0 && run_.format == ExportFormat::kParquet) {
    KC_CO_TRY(ChooseFormat());
  }
  bool more = run_.window_rows > 0;
  while (more && !session_.ending()) {
    KC_CO_ASSIGN(more, PlanOneBand());
  }
  if (session_.ending()) co_return Stop("the copy is ending", "Cancelled");
  auto finish = Finish();
  co_return co_await finish;
}

}  // namespace

commands::Rows WindowOf(const Session& session, const TableRun& run) {
  commands::Rows rows;
  rows.table = run.name;
  rows.after = run.start_cursor;
  rows.upto = run.end_cursor;
  if (session.ledger.facts && run.start_cursor.empty())
    rows.not_before = session.ledger.facts->horizon;
  return rows;
}

Task<Status> PlanTable(Session& session, TableRun& run, std::function<void(int64_t)> start) {
  Planner planner(session, run, std::move(start));
  auto go = planner.Run();
  co_return co_await go;
}

}  // namespace kc::copy
