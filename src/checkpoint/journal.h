// The checkpoint of one database's copy: a leased manifest that names one append-only segment
// (docs/design/checkpoint.md). Every opening is a takeover: new generation first, then all that the
// previous owner made durable is read, then an own segment begins with a compacted snapshot.
//
// All calls block on storage. Open, Begin, Append and Close: one at a time. Renew may run beside
// them. Errors: kStop "LeaseLost" means that somebody else owns the copy now: send nothing more,
// write nothing more, end. kRetry "LeaseEnded": the lease had ended (the storage was away for
// longer), nobody took it, it is held again: go on. kStop "Damaged": it isn't what was written, and
// can't be used; the message says what to do.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "azure/object_store.h"
#include "base/error.h"
#include "checkpoint/manifest.h"
#include "checkpoint/record.h"
#include "world/cancel.h"
#include "world/clock.h"
#include "world/random.h"

namespace kc::checkpoint {

// Server-timed; renewed at a quarter, mutations stop at two thirds (protocol F41).
inline constexpr int kLeaseSeconds = 30;
// The append limit of an append blob is 50,000.
inline constexpr int kMaxAppendsPerSegment = 40'000;
// A restart reads one segment: keep it small enough to be read in a second or two.
inline constexpr int64_t kMaxSegmentBytes = int64_t{64} << 20;

struct Opened {
  std::string copy_id;  // of the first start; in tokens and in KC_Status
  bool is_new = false;  // no owner before this one ever began
  int64_t generation = 0;
  std::vector<Record> records;  // of the segment found, in order
};

class Journal {
 public:
  // `folder` within the store, with '/' at its end. The references must outlive the journal.
  Journal(azure::ObjectStore& store, world::Clock& clock, world::Random& random,
          std::string folder);

  // Lease, generation, read. Waits for another holder until its lease must have ended: then it is
  // dead or cut off, and replaced. kStop "LeaseHeld", naming the holder, as soon as it is seen to
  // be alive. kStop "OtherCopy" if the identity differs. Storage that has answered once is asked
  // again for as long as it takes (a warning each time); storage that never did is an error.
  Result<Opened> Open(const Identity& identity, const std::string& holder,
                      world::CancelToken* cancel);
  // A snapshot comes in pieces, so that it need not be whole in memory; the last piece is empty.
  using Pieces = std::function<std::vector<Record>()>;
  static Pieces OnePiece(std::vector<Record> snapshot);
  // A new segment with the snapshot; when it returns the manifest names it. Also rolls: the old
  // segment is then only garbage (DeleteOldSegments). After kRetry or kUnknownOutcome it may be
  // called again, with the snapshot from its beginning: it begins another segment. `next` is called
  // in the thread of this call.
  Status Begin(const Pieces& next);
  // Gives the records their numbers, as one group each call. When it returns they are durable and
  // this process was still the owner after they were.
  Status Append(std::vector<Record> records);
  // Several groups in one append. After kRetry or kUnknownOutcome they are neither durable nor
  // given up: call AppendAgain (not this again) until it succeeds or fails otherwise.
  Status AppendGroups(std::vector<std::vector<Record>> groups);
  // Sends what is left of a failed append, the same bytes to the same position, so that it doesn't
  // matter which of the sends arrives. Nothing left: success.
  Status AppendAgain();
  Status Renew();
  // Releases the leases; later starts need not wait.
  Status Close();

  // May a mutation be sent now? (2/3 of the lease since the last renewal began.)
  bool MaySend() const;
  bool WantsRoll() const;
  // Rolls earlier than kMaxAppendsPerSegment: for tests of what happens then.
  void RollAfter(int appends) { max_appends_ = appends; }
  int64_t generation() const { return generation_; }
  const std::string& copy_id() const { return copy_id_; }
  // The object's name within the store.
  std::string segment() const;
  // Segments that nothing names any more; delete them when KC_Status() names the current one.
  Status DeleteOldSegments();

  // What a manifest and its segment hold, without lease or any change: for `status`. kStop
  // "NotFound" if there is none.
  struct Seen {
    Identity identity;
    std::string copy_id, holder;
    int64_t generation = 0;
    std::vector<Record> records;
  };
  static Result<Seen> Look(azure::ObjectStore& store, const std::string& folder);

 private:
  // One attempt to own; `fresh`: the manifest to begin with, "" if one was there.
  Result<Opened> Take(const std::string& fresh, const std::string& holder,
                      world::CancelToken* cancel);
  Status AcquireManifest(const std::string& holder, world::CancelToken* cancel);
  Status TakeSegment(const std::string& name);
  Status WriteManifest(const std::string& segment, int64_t bytes);
  void WriteBeat();
  Result<std::vector<Record>> ReadSegmentOf(const Manifest& manifest);
  Error WhyGone(Error error);
  Error WhyUnread(Error error);
  static Error TakenOver();
  // Nanoseconds; never jumps.
  int64_t LeaseNow() const;
  bool Regained();
  // Takes what has arrived off `text`.
  Status Send(std::string& text);
  std::string Number(std::vector<Record>& records);
  std::string ManifestName() const { return folder_ + "manifest.json"; }
  std::string BeatName() const { return folder_ + "beat.json"; }

  azure::ObjectStore& store_;
  world::Clock& clock_;
  world::Random& random_;
  const std::string folder_;
  std::string lease_id_;
  std::string copy_id_;
  std::string holder_;
  Identity identity_;
  int64_t generation_ = 0;
  int64_t sequence_ = 0;
  int64_t group_ = 0;
  int rolls_ = 0;
  int regained_ = 0;  // since an append last succeeded
  std::string manifest_etag_;
  mutable std::mutex mutex_;  // segment_, old_segment_, with size_: Renew reads them elsewhere
  std::string segment_;
  std::string old_segment_;
  std::deque<std::string> unsent_;  // numbered, not known to be durable
  std::atomic<int64_t> size_{0};    // durable bytes of the segment
  int64_t base_size_ = 0;           // of the snapshot
  std::atomic<bool> named_{false};  // the manifest names segment_: only then may records go into it
  int appends_ = 0;
  int max_appends_ = kMaxAppendsPerSegment;
  std::atomic<int64_t> renewed_ns_{0};
};

}  // namespace kc::checkpoint
