// The blobs ("objects") below one folder of a lake: a narrow interface, so that a local folder,
// blob storage and the simulation pass one conformance suite (object_store_conformance_test.cc).
//
// Names are relative to the store's folder, separated by '/', without leading '/', "." and ".."
// parts or control characters (others: kStop "BadName").
//
// Errors of all members, besides those each one names:
// clang-format off
//  kStop            "NotFound", "Forbidden" (rights, signature, expired SAS), "Cancelled", garbled
//  kRetry           nothing took effect (busy, refused, no connection)
//  kUnknownOutcome  a change was sent and no answer came; never for members that only read
// clang-format on
// Reads are repeated inside (kReadAttempts), and so is what was surely not done (kRetry: busy,
// refused) or may be done twice (leases, deletions). Of other changes a lost answer is settled by
// reading back where the rule of the member allows it, else told.
//
// Members are safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "azure/storage_url.h"
#include "base/error.h"
#include "world/clock.h"
#include "world/files.h"
#include "world/random.h"
#include "world/transport.h"

namespace kc::azure {

struct ObjectInfo {
  std::string name;
  int64_t size = 0;  // bytes
  std::string etag;  // changes with every write; compare only for equality
  int64_t modified_ticks = 0;
};

struct ObjectContent {
  std::string bytes;
  std::string etag;
};

struct ListPage {
  std::vector<ObjectInfo> objects;  // sorted by name
  std::string next;                 // give it to List for the next page; empty: this was the last
};

// Conditions of a write. Empty fields ask nothing.
struct WriteCondition {
  std::string if_match;  // kRedo "ConditionNotMet" if the object's ETag is another one
  std::string lease_id;  // kStop "LeaseLost" if the lease is not this one (any more)
};

// What a cluster may do with the address it is handed.
enum class Access { kRead, kWrite };

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // ---- whole objects
  // Replaces or creates; atomic and durable when it returns. Returns the new ETag. An object that
  // is leased is refused ("LeaseLost") without its lease id.
  virtual Result<std::string> Put(const std::string& name, std::string_view bytes,
                                  const WriteCondition& condition = {}) = 0;
  // Of several racing callers exactly one wins, the others get kRedo "Exists". A lost answer is
  // settled by reading back: the bytes must hold something that only this caller writes.
  virtual Result<std::string> PutIfAbsent(const std::string& name, std::string_view bytes) = 0;
  virtual Result<ObjectContent> Get(const std::string& name) = 0;
  // Bytes [offset, offset + length), fewer at the end, "" past it.
  virtual Result<std::string> GetRange(const std::string& name, int64_t offset, int64_t length) = 0;
  virtual Result<ObjectInfo> Stat(const std::string& name) = 0;
  // Objects whose names begin with `prefix` (any text, not only a folder), at most `limit` ≤ 5,000.
  virtual Result<ListPage> List(const std::string& prefix, const std::string& page = {},
                                int limit = 5000) = 0;
  // Succeeds if there is nothing. An object that is leased: kStop "LeaseLost" without its lease id.
  virtual Status Delete(const std::string& name, const std::string& lease_id = {}) = 0;
  // Deletes all objects whose names begin with `prefix`, which may not be empty. Returns how many.
  virtual Result<int64_t> DeletePrefix(const std::string& prefix) = 0;

  // ---- append objects
  // Creates an empty one; kRedo "Exists" if there is any object of that name.
  virtual Status CreateAppend(const std::string& name) = 0;
  // Puts `bytes` (≤ kMaxAppendBytes) at exactly `position`, which must be the object's length;
  // atomic and durable when it returns. Lost answers and refused positions are settled inside by
  // reading [position, position + size): the same bytes mean that an earlier send arrived, success;
  // nothing there after a lost answer: sent again, and kUnknownOutcome if that doesn't help (the
  // caller may go on sending the same bytes to the same position: one send at most gets in).
  // Else kStop "LeaseLost" (someone else wrote, or the lease is gone): stop sending anything. On a
  // file:// lake the lease is looked at after the bytes are durable, so that an append that
  // returned success is in what the next holder reads.
  virtual Status Append(const std::string& name, std::string_view bytes, int64_t position,
                        const std::string& lease_id) = 0;

  // ---- leases, timed by the server (by heartbeats where there is none)
  // `seconds`: 15 … 60. `proposed_id` is a GUID of the caller: calling again with the one that
  // holds the lease succeeds. kRetry "LeaseAlreadyPresent" while another holds it; kStop
  // "NotFound". On a file:// lake a holder that died on this machine is seen at once, any other is
  // taken over when its heartbeat stood still for `seconds` of the own clock, seen by the same
  // ObjectStore: ask again every second or so.
  virtual Status AcquireLease(const std::string& name, const std::string& proposed_id,
                              int seconds) = 0;
  // kStop "LeaseLost" when another holds it or it was broken. Count the time from before the call.
  virtual Status RenewLease(const std::string& name, const std::string& lease_id) = 0;
  // Succeeds if the lease is not held by this id any more.
  virtual Status ReleaseLease(const std::string& name, const std::string& lease_id) = 0;
  // Ends anybody's lease at once: only for a holder that is known to be dead.
  virtual Status BreakLease(const std::string& name) = 0;

  // ---- what a cluster is given
  // The text of a storage connection string, with credentials: a secret, put it into h@"…".
  // kWrite: the folder `path`, for `.export`. kRead: the object `path`, for `.ingest`,
  // externaldata. With an account key this is a SAS for `valid` (directory SAS on hierarchical
  // namespaces, blob SAS for reading; on a flat namespace a container SAS is the narrowest that can
  // write unknown names). Other credentials are handed on as they are.
  virtual Result<std::string> Grant(const std::string& path, Access access,
                                    world::Duration valid) = 0;
  // The name of an object from its full address as a cluster tells it (`Path` of an export's
  // artifacts, without credentials). kStop "OutsideLake" if it isn't below this folder.
  virtual Result<std::string> NameOf(std::string_view address) const = 0;
  virtual const StorageUrl& url() const = 0;
};

inline constexpr int kReadAttempts = 4;
// Azure's limit for one Append Block (REST version 2022-11-02 and before).
inline constexpr size_t kMaxAppendBytes = size_t{4} << 20;

// What the stores need of the world. The objects must outlive the store.
struct StoreWorld {
  world::Transport* transport = nullptr;  // kBlob only
  world::Clock* clock = nullptr;
  world::Random* random = nullptr;
  world::Files* files = nullptr;         // kFile, and for lease_folder
  world::CancelToken* cancel = nullptr;  // may be null
  // May be null; once cancelled, nothing is repeated any more, and the storage has two seconds, all
  // in all, to answer what is sent.
  world::CancelToken* hurry = nullptr;
  // How long blob storage may take to be reached for the first time; 0: as long as any request. A
  // command line sets it, since a wrong address must be told soon. Who has taken a connection but
  // is silent for so long is warned about, and has the usual time from then on.
  std::chrono::milliseconds first_contact{0};
  // A local folder in which processes of this machine tell each other which leases of blobs they
  // hold: the lease of one that was killed is then taken over at once instead of waited for; ""
  // for none.
  std::string lease_folder = {};
};
class TokenProvider;
// A FileStore or a BlobStore. `tokens` is asked when the URL has no credentials of its own (may be
// null: such URLs are then used anonymously); it must outlive the store. Touches nothing yet.
Result<std::unique_ptr<ObjectStore>> OpenStore(const StorageUrl& url, const StoreWorld& world,
                                               TokenProvider* tokens = nullptr);

// Can the folder be listed, written and deleted in? One small probe object is written and removed.
// The error is one line for the user of the command line (unknown host, no such container, rights).
Status ProbeStore(ObjectStore& store, world::Random& random);

// All pages.
Result<std::vector<ObjectInfo>> ListAll(ObjectStore& store, const std::string& prefix);

}  // namespace kc::azure
