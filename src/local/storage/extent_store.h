// The Parquet files of one database, and their end: a file that no extent refers to any more is
// deleted, once no reader holds it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "local/catalog/model.h"
#include "world/files.h"
#include "world/random.h"

namespace kc::local {

// All members are safe from any thread.
class ExtentStore {
 public:
  ExtentStore(world::Files& files, world::Random& random, std::string folder);
  ~ExtentStore();

  std::string PathOf(std::string_view key) const;
  const std::string& folder() const { return folder_; }

  // Files that are being written, under names of their own: <stem>-0.parquet, <stem>-1.parquet …
  // What isn't kept by the time it ends is deleted.
  class Draft {
   public:
    Draft(ExtentStore& store, std::string stem) : store_(store), stem_(std::move(stem)) {}
    ~Draft();
    Draft(const Draft&) = delete;
    Draft& operator=(const Draft&) = delete;
    const std::string& stem() const { return stem_; }
    std::string first_path() const;
    // The keys of those that are there, in the order of their numbers.
    std::vector<std::string> Keys() const;
    // They are durable now and stay: Register them.
    Status Keep();

   private:
    ExtentStore& store_;
    std::string stem_;
    bool kept_ = false;
  };
  Draft NewDraft() { return Draft(*this, random_.Guid()); }

  // From now on the file belongs to the store: it is deleted when the last copy of the pointer is
  // gone (a failed ingestion drops it, a committed one keeps it in the state). `file.key` names it.
  // A key that is registered already gives the existing object.
  ExtentFilePtr Register(ExtentFile file);

  // Deletes files whose time has come, in the calling thread; failures are logged, and the next
  // start finds the file again. Returns how many were deleted.
  int CollectGarbage();
  // Registered files that somebody still holds or that wait for their deletion.
  size_t Count() const;
  // Ends the recovery: deletes every file of the folder that no registered object names, and begins
  // to collect. Before it, and after StopCollecting, files that are released stay where they are.
  Status RemoveOrphans();
  // The process ends, or the outcome of a commit is unknown, so that the next start must decide.
  void StopCollecting();

 private:
  struct Trash;
  // Deletes a file that was never registered.
  void Discard(std::string_view key);

  world::Files& files_;
  world::Random& random_;
  const std::string folder_;
  std::shared_ptr<Trash> trash_;
};

}  // namespace kc::local
