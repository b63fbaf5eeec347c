// A checkpoint that isn't what was written: cut, with a flipped bit, of another version, removed.
// It is refused, or what is read is what was acknowledged: never a wrong resume.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "azure/memory_store.h"
#include "azure/test_clock.h"
#include "base/log.h"
#include "checkpoint/journal.h"

namespace kc::checkpoint {
namespace {

namespace fs = std::filesystem;

class CountingRandom : public world::Random {
 public:
  uint64_t Next() override { return engine_(); }

 private:
  std::mt19937_64 engine_{11};
};

const Identity kIdentity{"http://a", "A", "http://b", "B"};
const std::string kFolder = "B/checkpoint/";

// A lake whose bytes a test can change behind the store's back.
class Lake {
 public:
  virtual ~Lake() = default;
  virtual azure::ObjectStore& store() = 0;
  virtual std::string Read(const std::string& name) = 0;
  virtual void Write(const std::string& name, const std::string& bytes) = 0;
  virtual void Remove(const std::string& name) = 0;
};

class MemoryLake : public Lake {
 public:
  explicit MemoryLake(world::Clock& clock) : store_(azure::MakeMemoryStore(lake_, clock)) {}
  azure::ObjectStore& store() override { return *store_; }
  std::string Read(const std::string& name) override { return lake_.objects.at(At(name)).bytes; }
  void Write(const std::string& name, const std::string& bytes) override {
    lake_.objects.at(At(name)).bytes = bytes;
  }
  void Remove(const std::string& name) override { lake_.objects.erase(At(name)); }

 private:
  static std::string At(const std::string& name) { return "lake/" + name; }
  azure::MemoryLake lake_;
  std::unique_ptr<azure::ObjectStore> store_;
};

class FolderLake : public Lake {
 public:
  FolderLake(world::Clock& clock, world::Random& random)
      : root_(fs::temp_directory_path() / ("kc-damage-" + world::SystemRandom().Word(12))) {
    fs::create_directories(root_);
    azure::StoreWorld world;
    world.clock = &clock;
    world.random = &random;
    world.files = &world::PosixFiles();
    auto url = azure::ParseStorageUrl(root_.string());
    store_ = std::move(*azure::OpenStore(*url, world));
  }
  ~FolderLake() override { fs::remove_all(root_); }
  azure::ObjectStore& store() override { return *store_; }
  std::string Read(const std::string& name) override {
    std::ifstream file(root_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(const std::string& name, const std::string& bytes) override {
    std::ofstream(root_ / name, std::ios::binary | std::ios::trunc) << bytes;
  }
  void Remove(const std::string& name) override { fs::remove(root_ / name); }

 private:
  const fs::path root_;
  std::unique_ptr<azure::ObjectStore> store_;
};

class DamageTest : public testing::TestWithParam<bool> {
 protected:
  DamageTest() {
    SetLogLevel(LogLevel::kOff);
    if (GetParam()) {
      lake_ = std::make_unique<FolderLake>(clock_, random_);
    } else {
      lake_ = std::make_unique<MemoryLake>(clock_);
    }
  }

  std::unique_ptr<Journal> Make() {
    return std::make_unique<Journal>(lake_->store(), clock_, random_, kFolder);
  }
  Result<Opened> TryOpen() {
    auto journal = Make();
    auto opened = journal->Open(kIdentity, "me", nullptr);
    if (journal->generation() > 0) {
      EXPECT_TRUE(journal->Close());
    }
    return opened;
  }
  static Record Named(int number) {
    Record record;
    record.level = kLevelTable;
    record.table = "t" + std::to_string(number);
    record.state = "Planned";
    record.details = R"({"a":[1,"x"]})";
    return record;
  }
  // Three groups: of one, of two and of one record. The name of the segment.
  std::string WriteThreeGroups(bool close) {
    auto journal = Make();
    EXPECT_TRUE(journal->Open(kIdentity, "me", nullptr));
    EXPECT_TRUE(journal->Begin(Journal::OnePiece({})));
    EXPECT_TRUE(journal->Append({Named(1)}));
    if (!close) {
      EXPECT_TRUE(journal->Renew());
    }
    EXPECT_TRUE(journal->Append({Named(2), Named(3)}));
    EXPECT_TRUE(journal->Append({Named(4)}));
    const std::string name = journal->segment();
    if (close) {
      EXPECT_TRUE(journal->Close());
    }
    return name;
  }
  // Every byte in memory; a folder's syncs are slow.
  static size_t Stride() { return GetParam() ? 9 : 1; }
  // Where the last `lines` lines of the text begin.
  static size_t LastLines(const std::string& text, int lines) {
    size_t at = text.size() - 1;
    for (int i = 0; i < lines; ++i) at = text.rfind('\n', at - 1);
    return at + 1;
  }

  azure::TestClock clock_;
  CountingRandom random_;
  std::unique_ptr<Lake> lake_;
};

TEST_P(DamageTest, CutAtEveryByteOfItsLastTwoRecordsAfterACleanEnd) {
  const std::string name = WriteThreeGroups(true);
  const std::string whole = lake_->Read(name);
  int refused = 0;
  for (size_t length = LastLines(whole, 2); length < whole.size(); length += Stride()) {
    lake_->Write(name, whole.substr(0, length));
    const auto opened = TryOpen();
    ASSERT_FALSE(opened.has_value()) << "cut to " << length << " of " << whole.size();
    ASSERT_EQ(opened.error().reason, "Damaged");
    ASSERT_NE(opened.error().message.find("was cut"), std::string::npos) << opened.error().message;
    ASSERT_NE(opened.error().message.find(".drop function KC_Status"), std::string::npos);
    ++refused;
  }
  EXPECT_GT(refused * Stride(), 150);
  lake_->Write(name, whole);
  const auto opened = TryOpen();
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->records.size(), 5u);
}

// The owner was killed: what it may still have been writing counts only as whole groups, and what
// its last beat knew to be durable must be there.
TEST_P(DamageTest, CutAtEveryByteOfItsLastTwoRecordsAfterAKill) {
  const std::string name = WriteThreeGroups(false);
  const std::string whole = lake_->Read(name);
  const size_t last = LastLines(whole, 1);
  clock_.Advance(std::chrono::minutes(2));
  for (size_t length = LastLines(whole, 2); length < whole.size(); length += Stride()) {
    auto journal = Make();
    lake_->Write(name, whole.substr(0, length));
    const auto opened = journal->Open(kIdentity, "me", nullptr);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    // A header, t1, and t2 with t3 or neither.
    ASSERT_EQ(opened->records.size(), length < last ? 2u : 4u) << "cut to " << length;
    ASSERT_TRUE(journal->Close());
  }
}

TEST_P(DamageTest, ALongerCutAfterAKillIsSeenByTheBeat) {
  const std::string name = WriteThreeGroups(false);
  const std::string whole = lake_->Read(name);
  clock_.Advance(std::chrono::minutes(2));
  lake_->Write(name, whole.substr(0, LastLines(whole, 4)));  // t1 was durable at the last beat
  const auto opened = TryOpen();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().reason, "Damaged");
}

TEST_P(DamageTest, AFlippedBitAtEachByteOfTheSegmentIsFound) {
  const std::string name = WriteThreeGroups(true);
  const std::string whole = lake_->Read(name);
  for (size_t at = 0; at < whole.size(); at += Stride()) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    lake_->Write(name, bad);
    const auto opened = TryOpen();
    ASSERT_FALSE(opened.has_value()) << "byte " << at << ": " << bad.substr(at, 20);
    ASSERT_EQ(opened.error().reason, "Damaged");
  }
}

TEST_P(DamageTest, AMissingSegmentIsNamed) {
  const std::string name = WriteThreeGroups(true);
  lake_->Remove(name);
  const auto opened = TryOpen();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().reason, "Damaged");
  EXPECT_NE(opened.error().message.find(name + " is missing"), std::string::npos);
}

TEST_P(DamageTest, RemovedWhileItIsWrittenIsNotTakenForAnotherOwner) {
  auto journal = Make();
  ASSERT_TRUE(journal->Open(kIdentity, "me", nullptr));
  ASSERT_TRUE(journal->Begin(Journal::OnePiece({})));
  lake_->Remove(journal->segment());
  const Status status = journal->Append({Named(1)});
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().reason, "Damaged") << status.error().message;
  EXPECT_NE(status.error().message.find("was removed"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Lakes, DamageTest, testing::Bool(),
                         [](const auto& one) { return one.param ? "Folder" : "Memory"; });

// ---- the manifest

Manifest Sample() {
  Manifest manifest;
  manifest.copy_id = "abcdefghij";
  manifest.generation = 7;
  manifest.segment = "g00000007-0001-abcdef.csv";
  manifest.bytes = 4711;
  manifest.holder = "host \"x\" process 1";
  manifest.identity = kIdentity;
  return manifest;
}

TEST(Manifest, ReadsBackWhatItWrites) {
  const auto read = ReadManifest(ManifestText(Sample()));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(ManifestText(*read), ManifestText(Sample()));
  EXPECT_EQ(read->segment, Sample().segment);
  EXPECT_EQ(read->bytes, 4711);
}

TEST(Manifest, AFlippedBitAndACutAreFoundAtEveryByte) {
  const std::string whole = ManifestText(Sample());
  int newer = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    EXPECT_FALSE(ReadManifest(whole.substr(0, at)).has_value()) << "cut to " << at;
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = whole;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto read = ReadManifest(bad);
      ASSERT_FALSE(read.has_value()) << "byte " << at << " bit " << bit << ": " << bad;
      newer += read.error().reason == "NewerVersion" ? 1 : 0;
    }
  }
  EXPECT_LE(newer, 4);  // a flip may make a higher version of it
}

TEST(Manifest, TheFirstVersionIsRead) {
  const auto read = ReadManifest(
      R"({"copy":"abcdefghij","destination":"http://b","destinationDatabase":"B","format":)"
      R"("kusto-copy checkpoint","generation":3,"holder":"me","segment":"g3.csv","source":)"
      R"("http://a","sourceDatabase":"A","version":1})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->generation, 3);
  EXPECT_EQ(read->segment, "g3.csv");
  EXPECT_EQ(read->identity, kIdentity);
}

TEST(Manifest, ANewerVersionIsRefusedWithBothNumbers) {
  const auto read = ReadManifest(R"({"version":3,"generation":1,"new":[]})");
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().reason, "NewerVersion");
  EXPECT_NE(read.error().message.find("version 3"), std::string::npos);
  EXPECT_NE(read.error().message.find("up to 2"), std::string::npos);
}

}  // namespace
}  // namespace kc::checkpoint
