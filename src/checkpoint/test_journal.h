// A journal in a lake in memory, under a clock that the test moves. Not for programs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "azure/memory_store.h"
#include "azure/test_clock.h"
#include "base/log.h"
#include "checkpoint/journal.h"

namespace kc::checkpoint {

class CountingRandom : public world::Random {
 public:
  uint64_t Next() override {
    constexpr uint64_t kOddSpread = 0x9E3779B97F4A7C15;  // Fibonacci hashing
    const uint64_t spread = ++count_ * kOddSpread;
    return spread ^ (spread >> 29);
  }

 private:
  uint64_t count_ = 0;
};

inline const Identity kIdentity{"http://a", "A", "http://b", "B"};

inline Record Numbered(const std::string& table, std::string state) {
  Record record;
  record.level = kLevelTable;
  record.table = table;
  record.state = std::move(state);
  record.details = "{}";
  return record;
}

class JournalTest : public testing::Test {
 protected:
  JournalTest() : store_(azure::MakeMemoryStore(lake_, clock_)) { SetLogLevel(LogLevel::kOff); }
  std::unique_ptr<Journal> Make() {
    return std::make_unique<Journal>(*store_, clock_, random_, "B/checkpoint/");
  }
  // A journal that is open, with what the one before left.
  std::unique_ptr<Journal> Open(Opened* opened = nullptr) {
    auto journal = Make();
    auto result = journal->Open(kIdentity, "me", nullptr);
    EXPECT_TRUE(result.has_value()) << result.error().message;
    EXPECT_TRUE(journal->Begin(Journal::OnePiece(result->records)).has_value());
    if (opened != nullptr) *opened = *result;
    return journal;
  }

  azure::TestClock clock_;
  CountingRandom random_;
  azure::MemoryLake lake_;
  std::unique_ptr<azure::ObjectStore> store_;
};

}  // namespace kc::checkpoint
