// What the conformance suite needs of a cluster: the same cases run against the simulated cluster,
// against kusto-local and against any other that is given by its address.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "azure/object_store.h"
#include "base/scalar.h"
#include "kusto/client.h"
#include "kusto/commands/queries.h"
#include "kusto/commands/schema.h"
#include "kusto/commands/transfer.h"

namespace kc::conformance {

// One cluster with an empty database and a lake that both can reach. One thread.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual kusto::Client& client() = 0;
  virtual azure::ObjectStore& lake() = 0;
  virtual const std::string& database() const = 0;
  // Rows of Table() as one extent: n from `first` on.
  virtual void Append(const std::string& table, int64_t first, int64_t count) = 0;
  virtual void Wait(world::Duration time) = 0;
  virtual int64_t NowTicks() const = 0;
};

// The cluster of KC_CLUSTER with the lake KC_LAKE; without them a simulated one, whose undocumented
// behaviour is drawn anew in each round (--gtest_repeat).
std::unique_ptr<Subject> MakeSubject();

// n:long, text:string, at:datetime.
kusto::commands::TableSchema Table(const std::string& name);
// The row with the number n of every table here.
std::vector<Value> RowOf(int64_t n);

class Conformance : public testing::Test {
 protected:
  static constexpr int64_t kCreated = 639'000'000'000'000'000 - 864'000'000'000LL * 400;
  Conformance() : subject_(MakeSubject()) {}

  // ---- requests that must succeed, and such that must fail
  ValueTable Show(const std::string& text);
  ValueTable Query(const std::string& text);
  ValueTable Do(const std::string& text, const std::string& request_id = {});
  Error ShowFails(const std::string& text);
  Error QueryFails(const std::string& text);
  Error Fails(const std::string& text, const std::string& request_id = {});

  // ---- what the copy does, in short
  // A table of the name, which wasn't there before; with rows 0 … count of one extent.
  void Create(const std::string& name, int64_t count = 0);
  kusto::commands::Operation Await(const std::string& id);
  std::string Started(const std::string& text);  // the operation's id
  std::vector<kusto::commands::Artifact> Export(
      const std::string& table,
      kusto::commands::ExportFormat format = kusto::commands::ExportFormat::kCsv);
  std::string ExportText(const std::string& table, kusto::commands::ExportFormat format,
                         azure::Access access = azure::Access::kWrite);
  std::string IngestText(
      const std::string& table, const std::vector<kusto::commands::Artifact>& files,
      const std::string& token,
      kusto::commands::ExportFormat format = kusto::commands::ExportFormat::kCsv);
  // Exports `from` and ingests it into `to`, in one go.
  void Stage(const std::string& from, const std::string& to, const std::string& token);
  std::vector<kusto::commands::ExtentInfo> Extents(const std::string& table);
  std::vector<std::string> Ids(const std::string& table);
  int64_t Count(const std::string& table);
  std::string Cursor();
  // The rows of a table that have a cursor; waits until all have.
  kusto::commands::Rows All(const std::string& table);
  kusto::Fingerprint Sums(const kusto::commands::Rows& rows);
  std::string Token() { return "kcconformance" + std::to_string(++tokens_) + "x"; }

  kusto::Request Ask(const std::string& text) const;
  std::unique_ptr<Subject> subject_;
  int tokens_ = 0, exports_ = 0;
};

}  // namespace kc::conformance
