// What BlobStore makes of a service's answers, with a scripted transport; and the grants, against
// the emulator where there is one.
#include "azure/blob_store.h"

#include <gtest/gtest.h>

#include <deque>

#include "azure/blob_api.h"
#include "azure/memory_store.h"
#include "azure/shared_key.h"
#include "azure/test_clock.h"
#include "azure/token_provider.h"
#include "base/text.h"
#include "base/ticks.h"
#include "http/curl_transport.h"
#include "world/processes.h"

namespace kc::azure {
namespace {

constexpr const char* kKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

class ScriptedTransport final : public world::Transport {
 public:
  Result<world::HttpResponse> Send(const world::HttpRequest& request) override {
    requests.push_back(request);
    if (script.empty()) return Stop("the script is over");
    auto next = std::move(script.front());
    script.pop_front();
    return next;
  }
  void Answer(int status, world::Headers headers = {}, std::string body = {}) {
    script.push_back(world::HttpResponse{status, std::move(headers), std::move(body)});
  }
  void Refuse(int status, const std::string& code) { Answer(status, {{"x-ms-error-code", code}}); }
  void Break(ErrorCode code) { script.push_back(Fail(code, "connection lost")); }

  std::deque<Result<world::HttpResponse>> script;
  std::vector<world::HttpRequest> requests;
};

class BlobStoreTest : public testing::Test {
 protected:
  void SetUp() override { Open(std::string(";") + kKey); }
  void Open(const std::string& credential, TokenProvider* tokens = nullptr) {
    auto url = ParseStorageUrl("https://acct.blob.core.windows.net/cont/lake" + credential);
    ASSERT_TRUE(url);
    auto store = OpenStore(
        *url, {.transport = &transport_, .clock = &clock_, .random = &world::SystemRandom()},
        tokens);
    ASSERT_TRUE(store);
    store_ = *std::move(store);
  }
  std::string Header(size_t request, std::string_view name) {
    return std::string(world::FindHeader(transport_.requests.at(request).headers, name));
  }

  TestClock clock_;
  ScriptedTransport transport_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(BlobStoreTest, ReadsAndRefusedChangesAreRepeatedLostOnesAreNot) {
  transport_.Refuse(503, "ServerBusy");
  transport_.Break(ErrorCode::kRetry);
  transport_.Answer(200, {{"ETag", "\"0x1\""}}, "bytes");
  auto got = store_->Get("a");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->etag, "0x1");
  EXPECT_EQ(transport_.requests.size(), 3u);
  transport_.requests.clear();
  transport_.Refuse(503, "ServerBusy");  // nothing was done
  transport_.Answer(201, {{"ETag", "\"0x2\""}});
  EXPECT_EQ(*store_->Put("a", "x"), "0x2");
  for (int i = 0; i < kReadAttempts; ++i) transport_.Refuse(503, "ServerBusy");
  EXPECT_EQ(store_->Put("a", "x").error().code, ErrorCode::kRetry);
  transport_.requests.clear();
  transport_.Refuse(500, "InternalError");
  EXPECT_EQ(store_->Put("a", "x").error().code, ErrorCode::kUnknownOutcome);
  transport_.Break(ErrorCode::kUnknownOutcome);
  EXPECT_EQ(store_->Put("a", "x").error().code, ErrorCode::kUnknownOutcome);
  EXPECT_EQ(transport_.requests.size(), 2u);
  for (const auto& request : transport_.requests) EXPECT_TRUE(request.mutates);
}

TEST_F(BlobStoreTest, AnAppendWhoseAnswerWasLostIsReadBack) {
  transport_.Break(ErrorCode::kUnknownOutcome);
  transport_.Answer(206, {}, "record\n");
  EXPECT_TRUE(store_->Append("log", "record\n", 7, "lease"));
  EXPECT_EQ(Header(0, "x-ms-blob-condition-appendpos"), "7");
  EXPECT_EQ(Header(0, "x-ms-lease-id"), "lease");
  EXPECT_EQ(Header(1, "x-ms-range"), "bytes=7-13");

  transport_.Refuse(412, "AppendPositionConditionNotMet");
  transport_.Answer(206, {}, "mine!!\n");
  EXPECT_EQ(store_->Append("log", "record\n", 7, "lease").error().reason, "LeaseLost");

  // Not there: sent again to the same position, where one send at most gets in.
  transport_.requests.clear();
  transport_.Break(ErrorCode::kUnknownOutcome);
  transport_.Refuse(416, "InvalidRange");
  transport_.Refuse(412, "AppendPositionConditionNotMet");  // the first send came late
  transport_.Answer(206, {}, "record\n");
  EXPECT_TRUE(store_->Append("log", "record\n", 7, "lease"));
  EXPECT_EQ(transport_.requests.size(), 4u);
  for (int i = 0; i < kReadAttempts; ++i) {
    transport_.Break(ErrorCode::kUnknownOutcome);
    transport_.Refuse(416, "InvalidRange");
  }
  EXPECT_EQ(store_->Append("log", "record\n", 7, "lease").error().code, ErrorCode::kUnknownOutcome);

  transport_.Refuse(412, "LeaseIdMismatchWithBlobOperation");
  EXPECT_EQ(store_->Append("log", "record\n", 7, "lease").error().reason, "LeaseLost");
}

TEST_F(BlobStoreTest, ACreationWhoseAnswerWasLostIsReadBack) {
  transport_.Break(ErrorCode::kUnknownOutcome);
  transport_.Answer(200, {{"ETag", "\"1\""}}, "mine");
  transport_.Answer(200, {{"ETag", "\"1\""}});
  EXPECT_EQ(*store_->PutIfAbsent("a", "mine"), "1");
  transport_.Break(ErrorCode::kUnknownOutcome);
  transport_.Answer(200, {}, "theirs");
  EXPECT_EQ(store_->PutIfAbsent("a", "mine").error().reason, "Exists");
  // Not there: sent again; the second send finds what the first one brought late.
  transport_.Break(ErrorCode::kUnknownOutcome);
  transport_.Refuse(404, "BlobNotFound");
  transport_.Refuse(409, "BlobAlreadyExists");
  transport_.Answer(200, {{"ETag", "\"1\""}}, "mine");
  transport_.Answer(200, {{"ETag", "\"1\""}});
  EXPECT_EQ(*store_->PutIfAbsent("a", "mine"), "1");
  for (int i = 0; i < kReadAttempts; ++i) {
    transport_.Break(ErrorCode::kUnknownOutcome);
    transport_.Refuse(404, "BlobNotFound");
  }
  EXPECT_EQ(store_->PutIfAbsent("a", "mine").error().code, ErrorCode::kUnknownOutcome);
}

TEST_F(BlobStoreTest, AWrongClockIsCorrectedByTheServers) {
  std::string date = HttpDate(clock_.NowTicks() + kTicksPerDay);
  transport_.Answer(403, {{"x-ms-error-code", "AuthenticationFailed"}, {"Date", date}});
  transport_.Answer(201, {{"ETag", "\"1\""}, {"Date", date}});
  ASSERT_TRUE(store_->Put("a", "x"));
  EXPECT_EQ(Header(1, "x-ms-date"), date);
  auto sas = store_->Grant("a", Access::kRead, std::chrono::hours(2));
  ASSERT_TRUE(sas);
  std::string expiry = SasTime(clock_.NowTicks() + kTicksPerDay + 2 * kTicksPerHour);
  EXPECT_NE(sas->find("se=" + UrlEncode(expiry)), std::string::npos) << *sas;
  // A refusal by a server with the same time is one.
  transport_.Answer(403, {{"x-ms-error-code", "AuthorizationFailure"}, {"Date", date}});
  EXPECT_EQ(store_->Put("a", "x").error().reason, "Forbidden");
  EXPECT_EQ(transport_.requests.size(), 3u);
}

TEST_F(BlobStoreTest, CredentialsOfEachKind) {
  transport_.Answer(200);
  (void)store_->Get("a");
  EXPECT_EQ(Header(0, "Authorization").rfind("SharedKey acct:", 0), 0u);
  Open("?sv=1&sig=x%2B");
  transport_.Answer(200);
  (void)store_->List("p");
  EXPECT_EQ(Header(1, "Authorization"), "");
  const std::string& url = transport_.requests[1].url;
  EXPECT_EQ(url.substr(url.size() - 14), "&sv=1&sig=x%2B");
  EXPECT_EQ(*store_->Grant("x/y", Access::kWrite, std::chrono::hours(1)),
            "https://acct.blob.core.windows.net/cont/lake/x/y?sv=1&sig=x%2B");
  struct FixedToken : TokenProvider {
    Result<std::string> Token(const std::string&) override { return "tok"; }
  } tokens;
  Open(";impersonate", &tokens);
  transport_.Answer(200);
  (void)store_->Get("a");
  EXPECT_EQ(Header(2, "Authorization"), "Bearer tok");
  EXPECT_EQ(*store_->Grant("x", Access::kRead, std::chrono::hours(1)),
            "https://acct.blob.core.windows.net/cont/lake/x;impersonate");
}

TEST_F(BlobStoreTest, AHierarchicalAccountGetsADirectorySas) {
  transport_.Answer(200, {{"x-ms-is-hns-enabled", "true"}});
  auto sas = store_->Grant("it-1/b 2", Access::kWrite, std::chrono::hours(2));
  ASSERT_TRUE(sas);
  EXPECT_NE(sas->find("sr=d"), std::string::npos) << *sas;
  EXPECT_NE(sas->find("sdd=3"), std::string::npos) << *sas;
  EXPECT_EQ(sas->rfind("https://acct.blob.core.windows.net/cont/lake/it-1/b%202?", 0), 0u);
  ASSERT_TRUE(store_->Grant("other", Access::kWrite, std::chrono::hours(2)));
  EXPECT_EQ(transport_.requests.size(), 1u) << "asked once";
}

TEST_F(BlobStoreTest, TheFirstContactMayBeBounded) {
  auto store = *OpenStore(*ParseStorageUrl("https://acct.blob.core.windows.net/cont;token=t"),
                          {.transport = &transport_,
                           .clock = &clock_,
                           .random = &world::SystemRandom(),
                           .first_contact = std::chrono::milliseconds(1800)});
  transport_.script.push_back(Fail(ErrorCode::kRetry, "no answer", "ConnectTimeout"));
  auto probed = ProbeStore(*store, world::SystemRandom());
  ASSERT_FALSE(probed);
  EXPECT_EQ(probed.error().code, ErrorCode::kStop);
  EXPECT_NE(probed.error().message.find("check the address"), std::string::npos);
  ASSERT_EQ(transport_.requests.size(), 1u);
  EXPECT_EQ(transport_.requests[0].timeout, std::chrono::milliseconds(1800));
  transport_.Answer(200);
  transport_.Answer(200);
  (void)store->Get("a");
  (void)store->Get("a");
  EXPECT_EQ(transport_.requests[1].timeout, std::chrono::milliseconds(1800));
  EXPECT_GT(transport_.requests[2].timeout, std::chrono::minutes(1));
}

TEST_F(BlobStoreTest, WhoTakesTheConnectionIsWaitedFor) {
  auto store = *OpenStore(*ParseStorageUrl("https://acct.blob.core.windows.net/cont;token=t"),
                          {.transport = &transport_,
                           .clock = &clock_,
                           .random = &world::SystemRandom(),
                           .first_contact = std::chrono::milliseconds(1800)});
  transport_.script.push_back(Fail(ErrorCode::kUnknownOutcome, "no answer", "Timeout"));
  transport_.Answer(404, {{"x-ms-error-code", "BlobNotFound"}});  // is it there?
  transport_.Answer(201, {{"ETag", "\"0x1\""}});
  transport_.Answer(403);
  EXPECT_FALSE(ProbeStore(*store, world::SystemRandom())) << "the list is refused";
  ASSERT_GE(transport_.requests.size(), 4u);
  EXPECT_EQ(transport_.requests[0].timeout, std::chrono::milliseconds(1800));
  EXPECT_EQ(transport_.requests[2].method, "PUT");
  EXPECT_EQ(transport_.requests[2].url, transport_.requests[0].url) << "no second probe is left";
  EXPECT_GT(transport_.requests[2].timeout, std::chrono::seconds(5));
}

// A lease ends after half a minute: what keeps it may not wait for minutes.
TEST_F(BlobStoreTest, SilenceIsWaitedForAccordingToWhatIsAsked) {
  for (int i = 0; i < 3; ++i) transport_.Answer(201, {{"ETag", "\"0x1\""}});
  ASSERT_TRUE(store_->RenewLease("a", "id"));
  ASSERT_TRUE(store_->Put("a", "small"));
  ASSERT_TRUE(store_->Put("a", std::string(10'000'000, 'x')));
  EXPECT_LE(transport_.requests[0].timeout, std::chrono::seconds(7));
  EXPECT_LE(transport_.requests[1].timeout, std::chrono::seconds(16));
  EXPECT_GE(transport_.requests[2].timeout, std::chrono::seconds(100));
  EXPECT_GT(transport_.requests[2].longest_silence.count(), 0);
}

TEST_F(BlobStoreTest, AfterTheUserAskedForTheEndTheStorageHasTwoSecondsInAll) {
  world::CancelToken hurry;
  auto url = ParseStorageUrl(std::string("https://acct.blob.core.windows.net/cont/lake;") + kKey);
  auto store = OpenStore(*url, {.transport = &transport_,
                                .clock = &clock_,
                                .random = &world::SystemRandom(),
                                .hurry = &hurry});
  for (int i = 0; i < 3; ++i) transport_.Answer(201, {{"ETag", "\"0x1\""}});
  ASSERT_TRUE((*store)->Put("a", "x"));
  hurry.Cancel();
  ASSERT_TRUE((*store)->Put("a", "x"));
  EXPECT_FALSE(transport_.requests[1].given_up()) << "what is sent is still answered";
  clock_.Advance(std::chrono::milliseconds(1900));
  EXPECT_FALSE(transport_.requests[0].given_up());
  clock_.Advance(std::chrono::milliseconds(200));
  EXPECT_TRUE(transport_.requests[0].given_up());
  ASSERT_TRUE((*store)->Put("a", "x"));
  EXPECT_TRUE(transport_.requests[2].given_up()) << "two seconds for all of them together";
}

TEST_F(BlobStoreTest, AddressesOfArtifacts) {
  EXPECT_EQ(*store_->NameOf("https://acct.blob.core.windows.net/cont/lake/a/b_1.csv.gz"),
            "a/b_1.csv.gz");
  EXPECT_EQ(*store_->NameOf("https://acct.dfs.core.windows.net/cont/lake/a/b"), "a/b");
  EXPECT_FALSE(store_->NameOf("https://acct.blob.core.windows.net/cont/lakes/a"));
  EXPECT_FALSE(store_->NameOf("https://evil.blob.core.windows.net/cont/lake/a"));
}

TEST(BlobList, IsParsed) {
  ListPage page = ParseBlobList(
      "<?xml version=\"1.0\"?><EnumerationResults><Blobs><Blob><Name>lake/a&amp;b "
      "&lt;&#x41;&gt;</Name>"
      "<Properties><Last-Modified>Sun, 22 Nov 2026 06:30:00 GMT</Last-Modified><Etag>\"0x8\"</Etag>"
      "<Content-Length>12</Content-Length></Properties></Blob>"
      "<Blob><Name Encoded=\"true\">lake/x%EF%BF%BFy</Name><Properties/></Blob>"
      "<Blob><Name>lake/folder</Name><Properties><ResourceType>directory</ResourceType></"
      "Properties>"
      "</Blob></Blobs><NextMarker>2!88</NextMarker></EnumerationResults>",
      "lake/");
  ASSERT_EQ(page.objects.size(), 2u);
  EXPECT_EQ(page.objects[0].name, "a&b <A>");
  EXPECT_EQ(page.objects[0].size, 12);
  EXPECT_EQ(page.objects[0].etag, "0x8");
  EXPECT_EQ(FormatDateTime(page.objects[0].modified_ticks), "2026-11-22T06:30:00.0000000Z");
  EXPECT_EQ(page.objects[1].name, "x\xEF\xBF\xBFy");
  EXPECT_EQ(page.next, "2!88");
  EXPECT_EQ(ParseBlobList("<Blobs /><NextMarker />", "").next, "");
}

TEST(SharedKey, Dates) {
  int64_t ticks = *ParseDateTime("1994-11-06T08:49:37Z");
  EXPECT_EQ(HttpDate(ticks), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(*ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), ticks);
  EXPECT_FALSE(ParseHttpDate("Sun, 06 Xyz 1994 08:49:37 GMT"));
  EXPECT_FALSE(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_EQ(SasTime(ticks), "1994-11-06T08:49:37Z");
}

// ---- the memory lake's faults: what the simulation builds on

TEST(MemoryLakeFaults, LostAppendsAreSettled) {
  TestClock clock;
  MemoryLake lake;
  auto store = MakeMemoryStore(lake, clock);
  ASSERT_TRUE(store->CreateAppend("log"));
  StoreFault next = StoreFault::kNone;
  lake.fault = [&](std::string_view call, const std::string&) {
    return call == "Append" ? std::exchange(next, StoreFault::kNone) : StoreFault::kNone;
  };
  next = StoreFault::kLostResponse;
  EXPECT_TRUE(store->Append("log", "a", 0, ""));
  next = StoreFault::kLostRequest;
  EXPECT_EQ(store->Append("log", "b", 1, "").error().code, ErrorCode::kUnknownOutcome);
  next = StoreFault::kNotSent;
  EXPECT_EQ(store->Append("log", "b", 1, "").error().code, ErrorCode::kRetry);
  EXPECT_TRUE(store->Append("log", "b", 1, ""));
  EXPECT_EQ(store->Get("log")->bytes, "ab");
}

TEST(MemoryLakeFaults, AppendBlobsAreFullAtTheirLimit) {
  TestClock clock;
  MemoryLake lake;
  lake.max_appends = 2;
  auto store = MakeMemoryStore(lake, clock);
  ASSERT_TRUE(store->CreateAppend("log"));
  EXPECT_TRUE(store->Append("log", "a", 0, ""));
  EXPECT_TRUE(store->Append("log", "b", 1, ""));
  EXPECT_EQ(store->Append("log", "c", 2, "").error().reason, "BlockCountExceedsLimit");
}

// ---- grants on the emulator

class GrantTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string account = world::Environment("KC_AZURITE_URL");
    ASSERT_NE(account, "") << "run it under tools/with_azurite.sh";
    key_ = world::Environment("KC_AZURITE_KEY");
    transport_ = http::MakeCurlTransport();
    store_ = Open(account + "/kc-grants/" + world::SystemRandom().Guid() + ";" + key_);
    ASSERT_TRUE(CreateContainer(store_->url(), World()));
  }
  StoreWorld World() {
    return {.transport = transport_.get(),
            .clock = &world::SystemClock(),
            .random = &world::SystemRandom()};
  }
  std::unique_ptr<ObjectStore> Open(const std::string& text) {
    return *OpenStore(*ParseStorageUrl(text), World());
  }
  std::string key_;
  std::unique_ptr<world::Transport> transport_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(GrantTest, ReadingIsForOneBlob) {
  ASSERT_TRUE(store_->Put("d/one", "1"));
  ASSERT_TRUE(store_->Put("d/two", "2"));
  auto text = store_->Grant("d/one", Access::kRead, std::chrono::hours(1));
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find(key_), std::string::npos);
  // As a cluster uses it: the address is the blob itself.
  auto url = ParseStorageUrl(*text);
  ASSERT_TRUE(url);
  std::string blob = url->path.substr(url->path.rfind('/') + 1);
  url->path.resize(url->path.rfind('/'));
  auto granted = *OpenStore(*url, World());
  EXPECT_EQ(granted->Get(blob)->bytes, "1");
  EXPECT_EQ(granted->Get("two").error().reason, "Forbidden");
  EXPECT_EQ(granted->Put(blob, "x").error().reason, "Forbidden");
  EXPECT_EQ(granted->Delete(blob).error().reason, "Forbidden");
}

TEST_F(GrantTest, WritingCannotDelete) {
  auto text = store_->Grant("out", Access::kWrite, std::chrono::hours(1));
  ASSERT_TRUE(text);
  auto granted = Open(*text);
  ASSERT_TRUE(granted->Put("part_1", "rows"));
  EXPECT_EQ(store_->Get("out/part_1")->bytes, "rows");
  EXPECT_EQ(granted->Delete("part_1").error().reason, "Forbidden");
  EXPECT_EQ(*store_->NameOf(granted->url().UrlOf("part_1")), "out/part_1");
}

TEST_F(GrantTest, GrantsEnd) {
  ASSERT_TRUE(store_->Put("one", "1"));
  auto text = store_->Grant("one", Access::kRead, std::chrono::seconds(-60));
  ASSERT_TRUE(text);
  auto url = ParseStorageUrl(*text);
  url->path.resize(url->path.rfind('/'));
  EXPECT_EQ((*OpenStore(*url, World()))->Get("one").error().reason, "Forbidden");
}

TEST_F(GrantTest, AKilledHoldersLeaseIsNotWaitedFor) {
  std::string folder = "/tmp/kc-leases-" + world::SystemRandom().Guid();
  StoreWorld world = World();
  world.files = &world::PosixFiles();
  world.lease_folder = folder;
  auto open = [&] { return *OpenStore(store_->url(), world); };
  auto id = [] { return world::SystemRandom().Guid(); };
  ASSERT_TRUE(store_->Put("m", "x"));
  auto first = open();
  std::string mine = id();
  ASSERT_TRUE(first->AcquireLease("m", mine, 60));
  auto second = open();
  EXPECT_EQ(second->AcquireLease("m", id(), 60).error().reason, "LeaseAlreadyPresent");
  first.reset();  // as a killed process: its file lock is gone, its lease is not
  std::string theirs = id();
  auto taken = second->AcquireLease("m", theirs, 60);
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(store_->Put("m", "y", {.if_match = "", .lease_id = mine}).error().reason, "LeaseLost");
  EXPECT_TRUE(store_->Put("m", "y", {.if_match = "", .lease_id = theirs}));
  // Somebody elsewhere took it meanwhile: the dead one's id opens nothing.
  second.reset();
  ASSERT_TRUE(store_->BreakLease("m"));
  ASSERT_TRUE(store_->AcquireLease("m", id(), 60));
  EXPECT_EQ(open()->AcquireLease("m", id(), 60).error().reason, "LeaseAlreadyPresent");
  (void)world::PosixFiles().RemoveAll(folder);
}

TEST_F(GrantTest, WrongKeysAndPlacesAreNamed) {
  auto wrong = Open(world::Environment("KC_AZURITE_URL") + "/kc-grants;" + kKey);
  auto refused = ProbeStore(*wrong, world::SystemRandom());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "Forbidden");
  auto missing = Open(world::Environment("KC_AZURITE_URL") + "/kc-no-such-container;" + key_);
  auto nowhere = ProbeStore(*missing, world::SystemRandom());
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().message.find("kc-no-such-container"), std::string::npos);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kStop);
}

}  // namespace
}  // namespace kc::azure
