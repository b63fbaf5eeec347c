#include "local/catalog/persistent_map.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace kc::local {
namespace {

using Map = PersistentMap<int, std::string>;

std::map<int, std::string> Plain(const Map& map) {
  std::map<int, std::string> out;
  int last = -1;
  for (const auto& [key, value] : map) {
    EXPECT_GT(key, last);
    last = key;
    out[key] = value;
  }
  EXPECT_EQ(out.size(), map.size());
  return out;
}

TEST(PersistentMapTest, BehavesLikeAMapAndKeepsOldCopies) {
  std::mt19937 random(7);
  std::map<int, std::string> model;
  Map map;
  std::vector<std::pair<Map, std::map<int, std::string>>> snapshots;
  for (int i = 0; i < 20'000; ++i) {
    int key = static_cast<int>(random() % 3000);
    if (random() % 3 == 0) {
      EXPECT_EQ(map.Erase(key), model.erase(key) == 1);
    } else {
      map.Set(key, std::to_string(i));
      model[key] = std::to_string(i);
    }
    if (i % 1000 == 0) snapshots.emplace_back(map, model);
  }
  for (const auto& [snapshot, expected] : snapshots) EXPECT_EQ(Plain(snapshot), expected);
  EXPECT_EQ(Plain(map), model);
  for (int key = 0; key < 3000; ++key) {
    const std::string* found = map.Find(key);
    ASSERT_EQ(found != nullptr, model.count(key) == 1);
    if (found != nullptr) {
      EXPECT_EQ(*found, model[key]);
    }
  }
}

TEST(PersistentMapTest, ChangingTheOriginalDoesNotChangeTheCopy) {
  Map map;
  for (int i = 0; i < 1000; ++i) map.Set(i, "old");
  Map copy = map;
  for (int i = 0; i < 1000; ++i) map.Set(i, "new");
  EXPECT_EQ(*copy.Find(500), "old");
  EXPECT_EQ(*map.Find(500), "new");
  copy.Set(500, "copy's");
  EXPECT_EQ(*map.Find(500), "new");
}

TEST(PersistentMapTest, AnEmptyMapHasNothing) {
  Map map;
  EXPECT_TRUE(map.begin() == map.end());
  EXPECT_EQ(map.Find(1), nullptr);
  EXPECT_FALSE(map.Erase(1));
  map.Set(1, "x");
  EXPECT_TRUE(map.Erase(1));
  EXPECT_TRUE(map.begin() == map.end());
}

}  // namespace
}  // namespace kc::local
