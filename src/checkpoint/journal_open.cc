// How an owner comes to own: the lease, the generation, what the one before left.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/log.h"
#include "checkpoint/journal.h"

namespace kc::checkpoint {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How often a waiting start asks for the lease.
constexpr milliseconds kAskAgain{500};
// Beyond the lease itself: the server's timing is coarse.
constexpr seconds kLeaseSlack{5};

// Storage that falls silent after it has answered is asked again for as long as it takes.
constexpr milliseconds kFirstAgain{200};
constexpr seconds kLongestAgain{5};
// How often a start begins anew because its lease had ended before it could read.
constexpr int kMostEnded = 5;

constexpr const char* kStartOver =
    "; bring it back from a backup, or copy again from the beginning: run `.drop function "
    "KC_Status` at the destination, empty its tables and give another lake folder with -l";

// What reading the checkpoint found: if it can't be used, what to do.
Error WithWayOut(Error error) {
  if (error.reason == "Damaged") error.message += kStartOver;
  return error;
}

// How long the segment was when the manifest or the last beat was written: what was acknowledged
// can't have become less.
Result<int64_t> LeastBytes(azure::ObjectStore& store, const std::string& beat_name,
                           const Manifest& manifest) {
  int64_t least = manifest.bytes;
  const auto beat = store.Get(beat_name);
  if (!beat && beat.error().reason != "NotFound") return Fail(beat.error());
  if (!beat) return least;
  const auto json = ParseJson(beat->bytes);
  const bool own = json && json->is_object() && json->contains("bytes") &&
                   (*json)["bytes"].is_number_integer() &&
                   json->value("segment", Json()) == Json(manifest.segment);
  return own ? std::max(least, (*json)["bytes"].get<int64_t>()) : least;
}

// `name` is for the message.
Result<std::vector<Record>> RecordsOf(const std::string& bytes, int64_t least,
                                      const std::string& name) {
  const auto size = static_cast<int64_t>(bytes.size());
  if (size < least) {
    return Stop(
        fmt::format("the checkpoint's file {} was cut: it had {} bytes, now {}", name, least, size),
        "Damaged");
  }
  auto read = ReadSegment(bytes);
  if (!read) return Fail(std::move(read).error().Within("the checkpoint's file " + name));
  return std::move(read->records);
}

Status CheckIdentity(const Identity& found, const Identity& asked) {
  if (found == asked) return {};
  return Stop(fmt::format("this lake folder holds the checkpoint of another copy: {} / {} to {} / "
                          "{}; give another folder with -l",
                          found.source, found.source_database, found.destination,
                          found.destination_database),
              "OtherCopy");
}

}  // namespace

Status Journal::AcquireManifest(const std::string& holder, world::CancelToken* cancel) {
  const auto began = clock_.Monotonic();
  std::string first_beat;
  bool told = false;
  while (true) {
    renewed_ns_ = LeaseNow();
    const Status got = store_.AcquireLease(ManifestName(), lease_id_, kLeaseSeconds);
    if (got) break;
    if (got.error().reason != "LeaseAlreadyPresent") return got;
    std::string who = "another kusto-copy";
    if (const auto content = store_.Get(ManifestName())) {
      const auto manifest = ReadManifest(content->bytes);
      if (manifest && !manifest->holder.empty()) who = manifest->holder;  // else not yet written
    }
    // A holder that is alive writes its beat: then there is nothing to wait for.
    // A look that failed tells nothing.
    const auto beat = store_.Stat(BeatName());
    const bool known = beat || beat.error().reason == "NotFound";
    const std::string etag = beat ? beat->etag : "none";
    if (known && first_beat.empty()) first_beat = etag;
    const bool alive = beat && etag != first_beat;
    if (alive || clock_.Monotonic() - began > seconds(kLeaseSeconds) + kLeaseSlack) {
      return Stop(fmt::format("the copy is owned by {}, which is running", who), "LeaseHeld");
    }
    if (!told) LogInfo("waiting up to {} s for the lease of {}", kLeaseSeconds + 5, who);
    told = true;
    if (!clock_.Sleep(kAskAgain, cancel)) return Stop("interrupted", "Cancelled");
  }
  holder_ = holder;
  return {};
}

Result<Opened> Journal::Open(const Identity& identity, const std::string& holder,
                             world::CancelToken* cancel) {
  identity_ = identity;
  // The first word is not waited for: that storage can't be reached must be told soon.
  const auto found = store_.Get(ManifestName());
  Manifest fresh;
  if (!found) {
    if (found.error().reason != "NotFound") return Fail(found.error());
    fresh.copy_id = random_.Word(10);
    fresh.identity = identity;
  } else {
    const auto manifest = ReadManifest(found->bytes);
    if (!manifest) return Fail(WithWayOut(manifest.error()));
    KC_TRY(CheckIdentity(manifest->identity, identity));
  }
  lease_id_ = random_.Guid();
  world::Duration pause = kFirstAgain;
  int ended = 0;
  while (true) {
    auto opened = Take(found ? "" : ManifestText(fresh), holder, cancel);
    if (opened) return opened;
    const Error& error = opened.error();
    // Who has taken it over meanwhile holds the lease: the next attempt names it.
    const bool anew = error.reason == "LeaseLost" && ++ended <= kMostEnded;
    const bool away = error.code == ErrorCode::kRetry || error.code == ErrorCode::kUnknownOutcome;
    if (!anew && !away) return opened;
    LogWarn("the checkpoint can't be taken, trying again: {}", error.message);
    if (!clock_.Sleep(pause, cancel)) return Stop("interrupted", "Cancelled");
    pause = std::min<world::Duration>(2 * pause, kLongestAgain);
  }
}

// All of it may be done again: a lease that this process holds is given again, its own generation
// is one more that was used.
Result<Opened> Journal::Take(const std::string& fresh, const std::string& holder,
                             world::CancelToken* cancel) {
  if (!fresh.empty()) {
    const auto put = store_.PutIfAbsent(ManifestName(), fresh);
    if (!put && put.error().reason != "Exists") return Fail(put.error());
  }
  KC_TRY(AcquireManifest(holder, cancel));
  KC_ASSIGN(const auto content, store_.Get(ManifestName()));
  const auto manifest = ReadManifest(content.bytes);
  if (!manifest) return Fail(WithWayOut(manifest.error()));
  KC_TRY(CheckIdentity(manifest->identity, identity_));
  manifest_etag_ = content.etag;
  copy_id_ = manifest->copy_id;
  generation_ = manifest->generation + 1;
  // The generation goes up before anything else is read or done.
  KC_TRY(WriteManifest(manifest->segment, manifest->bytes));
  Opened opened;
  opened.copy_id = copy_id_;
  opened.generation = generation_;
  opened.is_new = manifest->segment.empty();
  if (!manifest->segment.empty()) {
    auto records = ReadSegmentOf(*manifest);
    if (!records) return Fail(WhyUnread(records.error()));
    opened.records = std::move(*records);
  }
  WriteBeat();
  for (const auto& record : opened.records) {
    sequence_ = std::max(sequence_, record.sequence);
    group_ = std::max(group_, record.group);
  }
  return opened;
}

// A segment that is gone or short, while another one has raised the generation, is no damage: this
// process was stopped for so long that it was taken over.
Error Journal::WhyUnread(Error error) {
  if (error.reason != "Damaged") return error;
  const auto content = store_.Get(ManifestName());
  if (!content) return content.error().reason == "NotFound" ? WithWayOut(error) : content.error();
  const auto manifest = ReadManifest(content->bytes);
  const bool other = manifest && manifest->generation > generation_;
  return other ? TakenOver() : WithWayOut(std::move(error));
}

// Takes the segment and reads it. A shorter one lost records, maybe intents, and nobody knows
// which.
Result<std::vector<Record>> Journal::ReadSegmentOf(const Manifest& manifest) {
  const auto missing = [&](Error error) {
    if (error.reason != "NotFound") return Fail(std::move(error));
    return Stop(fmt::format("the checkpoint's file {} is missing", folder_ + manifest.segment),
                "Damaged");
  };
  const Status taken = TakeSegment(manifest.segment);
  if (!taken) return missing(taken.error());
  {
    std::lock_guard lock(mutex_);
    segment_ = manifest.segment;  // given back by Close, whatever is found in it
  }
  KC_ASSIGN(const int64_t least, LeastBytes(store_, BeatName(), manifest));
  const auto content = store_.Get(folder_ + manifest.segment);
  if (!content) return missing(content.error());
  return RecordsOf(content->bytes, least, folder_ + manifest.segment);
}

// The old holder's lease on the manifest has ended, so it is dead, stopped or cut off: end its
// lease on the segment too. From here on its appends are refused.
Status Journal::TakeSegment(const std::string& name) {
  const Status first = store_.AcquireLease(folder_ + name, lease_id_, kLeaseSeconds);
  if (first || first.error().reason != "LeaseAlreadyPresent") return first;
  KC_TRY(store_.BreakLease(folder_ + name));
  return store_.AcquireLease(folder_ + name, lease_id_, kLeaseSeconds);
}

Result<Journal::Seen> Journal::Look(azure::ObjectStore& store, const std::string& folder) {
  // The owner may roll between the two reads: then the manifest names another segment.
  for (int attempt = 0;; ++attempt) {
    KC_ASSIGN(const auto content, store.Get(folder + "manifest.json"));
    const auto found = ReadManifest(content.bytes);
    if (!found) return Fail(WithWayOut(found.error()));
    const Manifest& manifest = *found;
    Seen seen{manifest.identity, manifest.copy_id, manifest.holder, manifest.generation, {}};
    if (manifest.segment.empty()) return seen;
    KC_ASSIGN(const int64_t least, LeastBytes(store, folder + "beat.json", manifest));
    const auto segment = store.Get(folder + manifest.segment);
    if (!segment) {
      if (segment.error().reason == "NotFound" && attempt < 3) continue;
      return Fail(segment.error());
    }
    auto records = RecordsOf(segment->bytes, least, folder + manifest.segment);
    if (!records) return Fail(WithWayOut(records.error()));
    seen.records = std::move(*records);
    return seen;
  }
}

}  // namespace kc::checkpoint
