// Settling a move: what is read, in which order (protocol §2.3).
#include <algorithm>

#include "base/seeded_bugs.h"

#include "copy/block_io.h"
#include "copy/tables/tables_now.h"

namespace kc::copy {

namespace commands = kusto::commands;
using kusto::Answer;
using world::Task;

namespace {

// A move that runs is waited for about a minute.
constexpr int kHistoryLooks = 30;
constexpr std::chrono::seconds kHistoryPause{2};

}  // namespace

Task<Result<Event>> BlockIo::Look(const Block& block, bool history) {
  Event event;
  event.kind = EventKind::kMoveSeen;
  MoveLook& look = event.look;
  look.asked = static_cast<int>(block.extents.size());
  auto& destination = session_.environment.destination;
  KC_CO_ASSIGN(const auto tables, ReadTables(session_, destination));
  look.staging_same = IdOf(tables, block.staging.table) == block.staging.id;
  look.destination_same = IdOf(tables, run_.destination) == block.destination_id;
  bool seen_first = false;
  if (SeededBug(Bug::kDestinationFirst) && look.destination_same) {
    KC_CO_ASSIGN(const Answer shown,
                 session_.Show(destination, commands::ShowExtentsByTag({run_.destination},
                                                                       block.parts.front().token)));
    KC_CO_TAKE(const auto extents, commands::ReadExtents(shown.table()));
    seen_first = !extents.empty();
  }
  // Staging first: were the destination read first, a move that commits in between would show the
  // extents in neither (F4).
  std::vector<std::string> tagged = {run_.destination};
  if (look.staging_same) {
    tagged.push_back(block.staging.table);
    KC_CO_ASSIGN(
        const Answer shown,
        session_.Show(destination, commands::ShowExtentsByIds(block.staging.table, block.extents)));
    KC_CO_TAKE(const auto extents, commands::ReadExtents(shown.table()));
    look.in_staging = static_cast<int>(extents.size());
  }
  // A home belongs to one revoke alone: whatever is in it came from there, with or without its
  // tags.
  for (const auto& home : block.homes) {
    bool holds = false;
    if (IdOf(tables, home.table) == home.id) {
      KC_CO_ASSIGN(const Answer shown,
                   session_.Show(destination, commands::ShowExtents(home.table)));
      KC_CO_TAKE(const auto extents, commands::ReadExtents(shown.table()));
      holds = !extents.empty();
    }
    look.token_in_homes.push_back(holds);
  }
  if (!look.destination_same) tagged.erase(tagged.begin());
  const std::string token = block.parts.empty() ? "" : block.parts.front().token;
  if (!tagged.empty() && !token.empty()) {
    KC_CO_ASSIGN(const Answer shown,
                 session_.Show(destination, commands::ShowExtentsByTag(tagged, token)));
    KC_CO_TAKE(const auto extents, commands::ReadExtents(shown.table()));
    for (const auto& extent : extents) {
      if (extent.table == run_.destination) look.token_in_destination = true;
      if (extent.table == block.staging.table) look.token_in_staging = true;
    }
  }
  if (SeededBug(Bug::kDestinationFirst)) {
    look.token_in_destination = seen_first;
    look.history = History::kNone;
  }
  if (SeededBug(Bug::kSettleByTag)) look.in_staging = look.token_in_staging ? look.asked : 0;
  if (history) {
    KC_CO_ASSIGN(look.history, AskHistory(block));
  }
  co_return event;
}

// How the sends of the move ended, as the cluster's own log of commands says (30 days; the log of
// operations doesn't tell whose a synchronous move was). Only consulted when nothing else tells.
Task<Result<History>> BlockIo::AskHistory(const Block& block) {
  if (block.move_request_id.empty()) co_return History::kNone;
  for (int look = 0; look < kHistoryLooks && !session_.ending(); ++look) {
    auto show = session_.Show(session_.environment.destination,
                              commands::ShowCommandsOf(block.move_request_id));
    const Result<Answer> answer = co_await show;
    // Without the right to read it, it says nothing.
    if (!answer) co_return History::kNone;
    const auto states = commands::ReadCommandStates(answer->table());
    if (!states) co_return History::kNone;
    if (states->completed > 0) co_return History::kCompleted;
    // A send that isn't listed may still be under way.
    if (states->running == 0) {
      co_return states->failed >= std::max(1, block.moves) ? History::kFailed : History::kNone;
    }
    auto pause = session_.sleeper.Wait(kHistoryPause);
    co_await pause;
  }
  co_return History::kNone;
}

}  // namespace kc::copy
