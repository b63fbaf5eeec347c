// Protocol F13-F17: staging tables, their names and policies, what operations say.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/scene.h"
#include "sim/trials.h"
#include "sim/wrappers.h"

namespace kc::sim {
namespace {

bool IsStaging(const std::string& name) {
  return name.starts_with("KcStaging_");
}

TEST(Protocol, F13_TokensAreWordsOfOneWidthAndMatchedWhole) {
  std::set<std::string> tokens;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    Scene scene(seed);
    scene.Fill();
    (void)scene.Run();
    for (const auto& effect : scene.effects) {
      if (effect.kind == EffectKind::kIngest) tokens.insert(effect.tag);
    }
  }
  ASSERT_GE(tokens.size(), 18u);
  for (const auto& token : tokens) {
    EXPECT_EQ(token.size(), tokens.begin()->size());
    EXPECT_TRUE(std::all_of(token.begin(), token.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
    })) << token;
  }
  // An extent with a longer tag that begins with a token of ours doesn't count as ours.
  Scene scene;
  scene.Fill();
  auto tell = scene.world.destination.on_effect;
  scene.world.destination.on_effect = [&scene, tell](const Effect& effect) {
    tell(effect);
    if (effect.kind != EffectKind::kIngest) return;
    Table& table = scene.world.destination.tables.at(effect.table);
    Extent other = table.extents.at(effect.extents.front());
    other.tags = {effect.tag + "-7"};
    table.extents[scene.world.destination.NewId()] = std::move(other);
  };
  EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");
}

// A wildcard update policy of the destination would take rows of staging tables.
TEST(Protocol, F14_WildcardUpdatePoliciesThatMatchStagingAreRefused) {
  for (const char* source : {"*", "KcStaging_*", "Kc*"}) {
    Scene scene;
    scene.Fill();
    Table& derived = scene.world.destination.CreateTable("Derived", {{"n", ScalarType::kLong}});
    derived.policies["update"] = std::string(R"([{"IsEnabled":true,"Source":")") + source +
                                 R"(","SourceIsWildCard":true,"IsTransactional":true}])";
    const Process& process = scene.Run();
    EXPECT_FALSE(Done(process)) << source;
    EXPECT_NE(Describe(process).find("update policy"), std::string::npos) << Describe(process);
    EXPECT_EQ(scene.Count(EffectKind::kIngest), 0) << source;
    EXPECT_EQ(scene.Count(EffectKind::kMove), 0) << source;
  }
}

TEST(Protocol, F15_PoliciesAreSetAndReadBackBeforeTheFirstIngestion) {
  Scene scene;
  scene.Fill();
  auto tell = scene.world.destination.on_effect;
  int checked = 0;
  scene.world.destination.on_effect = [&](const Effect& effect) {
    tell(effect);
    if (effect.kind != EffectKind::kIngest) return;
    auto& policies = scene.world.destination.tables.at(effect.table).policies;
    EXPECT_NE(policies["retention"].find("365000"), std::string::npos);
    EXPECT_NE(policies["merge"].find("\"AllowMerge\":false"), std::string::npos);
    EXPECT_EQ(policies["extent_tags_retention"], "[]");
    EXPECT_NE(policies["ingestiontime"].find("true"), std::string::npos);
    EXPECT_TRUE(policies.contains("caching"));
    ++checked;
  };
  EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");
  EXPECT_GE(checked, 9);
  // A cluster that says yes and keeps the inherited policy: nothing is ingested.
  Scene stubborn;
  stubborn.Fill();
  auto hooks = std::make_shared<ClientHooks>();
  hooks->shown = [](const std::string& text, Result<kusto::Answer>& answer) {
    if (!answer || text.find("KcStaging_") == std::string::npos) return;
    if (!text.ends_with("policy retention")) return;
    answer->tables.front().rows.front().back() =
        std::string(R"({"SoftDeletePeriod":"1.00:00:00","Recoverability":"Enabled"})");
  };
  ProcessOptions options = stubborn.Defaults();
  options.wrap_destination = [hooks](std::unique_ptr<kusto::Client> inner) {
    return Wrap(std::move(inner), hooks);
  };
  const Process& process = stubborn.Run(options);
  EXPECT_FALSE(Done(process));
  EXPECT_NE(Describe(process).find("retention"), std::string::npos) << Describe(process);
  EXPECT_EQ(stubborn.Count(EffectKind::kIngest), 0);
}

// `.create table` succeeds though a table of that name is there, with other columns.
TEST(Protocol, F16_AStagingTableThatIsNotOursIsNotUsedAndNoNameIsUsedTwice) {
  Scene scene;
  scene.Fill();
  std::set<std::string> foreign;
  scene.on_request = [&](const Call& call) {
    const size_t at = call.text.find("KcStaging_");
    if (!call.mutates || call.text.find(".create table") == std::string_view::npos) return;
    if (at == std::string_view::npos) return;
    const std::string name(call.text.substr(at, call.text.find('\'', at) - at));
    if (scene.world.destination.Find(name) != nullptr) return;
    scene.world.destination.CreateTable(name, {{"other", ScalarType::kGuid}});
    foreign.insert(name);
  };
  const Process& process = scene.Run();
  EXPECT_FALSE(foreign.empty());
  EXPECT_FALSE(Done(process));
  EXPECT_NE(Describe(process).find("other columns"), std::string::npos) << Describe(process);
  EXPECT_EQ(scene.Count(EffectKind::kIngest), 0);
  // Over many starts every table has a name of its own.
  Scene many(2);
  many.Fill();
  std::set<std::string> names;
  for (int nth = 1; nth <= 4; ++nth) {
    many.Inject(".move", Fault::kKillBeforeAnswer, nth);
    (void)many.Run();
  }
  (void)many.Run();
  for (const auto& effect : many.effects) {
    if (effect.kind == EffectKind::kCreateTable && IsStaging(effect.table)) {
      EXPECT_TRUE(names.insert(effect.table).second) << effect.table;
    }
  }
  EXPECT_GE(names.size(), 6u);
}

TEST(Protocol, F17_RowsAndSumsDecideNotWhatOperationsSay) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    EXPECT_EQ(TrialOf("IngestionsThatLoseRows")(seed).Text(), "");
    Scene scene(seed);
    scene.Fill();
    // "Failed", and it was done; "PartiallySucceeded", and a part is there.
    scene.world.destination.weather.operation_lies = 0.3;
    scene.world.destination.weather.operation_partial = 0.2;
    const Process* process = &scene.Run();
    scene.world.destination.weather = Weather();
    if (!Done(*process)) process = &scene.Run();
    EXPECT_EQ(scene.Judge(*process).Text(), "");
  }
  // Rows that somebody deleted in staging make an attempt void, though the others are as they were.
  Scene scene;
  scene.Fill();
  int deleted = 0;
  auto tell = scene.world.destination.on_effect;
  scene.world.destination.on_effect = [&](const Effect& effect) {
    if (effect.kind == EffectKind::kIngest && deleted++ == 0) {
      scene.world.destination.tables.at(effect.table).extents.at(effect.extents[0]).deleted = 1;
    }
    tell(effect);
  };
  scene.allowed_repeats = 1;
  EXPECT_EQ(scene.Judge(scene.Run()).Text(), "");
  for (const auto& [name, table] : scene.world.destination.tables) {
    for (const auto& [id, extent] : table.extents) EXPECT_EQ(extent.deleted, 0);
  }
}

}  // namespace
}  // namespace kc::sim
