#include "azure/storage_url.h"

#include <gtest/gtest.h>

#include "world/processes.h"

namespace kc::azure {
namespace {

constexpr const char* kKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

TEST(StorageUrl, Folders) {
  EXPECT_EQ(ParseStorageUrl("/data/lake/")->path, "/data/lake");
  EXPECT_EQ(ParseStorageUrl("/data//a/../lake/.")->path, "/data/lake");
  EXPECT_EQ(ParseStorageUrl("file:///data/with%20blank")->path, "/data/with blank");
  EXPECT_EQ(ParseStorageUrl("file://localhost/data")->path, "/data");
  EXPECT_EQ(ParseStorageUrl("here/lake")->path, world::CurrentFolder() + "/here/lake");
  auto url = ParseStorageUrl("/data/with blank;x=y");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->kind, StorageKind::kFile);
  EXPECT_EQ(url->UrlOf("a/b%c"), "file:///data/with%20blank%3Bx=y/a/b%25c");
  EXPECT_EQ(ParseStorageUrl(url->UrlOf(""))->path, url->path);
}

TEST(StorageUrl, BlobAddresses) {
  auto blob = ParseStorageUrl("https://Acct.blob.core.windows.net/cont/fol%20der/d16/");
  ASSERT_TRUE(blob) << blob.error().message;
  EXPECT_EQ(blob->endpoint, "https://acct.blob.core.windows.net");
  EXPECT_EQ(blob->account, "acct");
  EXPECT_EQ(blob->container, "cont");
  EXPECT_EQ(blob->path, "fol der/d16");
  EXPECT_FALSE(blob->hierarchical);
  EXPECT_EQ(blob->UrlOf("x#1"), "https://acct.blob.core.windows.net/cont/fol%20der/d16/x%231");
  EXPECT_EQ(ParseStorageUrl("https://acct.blob.core.windows.net/cont")->path, "");
  auto dfs = ParseStorageUrl("https://acct.dfs.core.windows.net/cont/f;impersonate");
  ASSERT_TRUE(dfs);
  EXPECT_EQ(dfs->endpoint, "https://acct.blob.core.windows.net");
  EXPECT_TRUE(dfs->hierarchical);
  auto abfss = ParseStorageUrl("abfss://cont@acct.dfs.core.windows.net/f/g");
  ASSERT_TRUE(abfss) << abfss.error().message;
  EXPECT_EQ(abfss->container, "cont");
  EXPECT_EQ(abfss->path, "f/g");
  EXPECT_TRUE(abfss->hierarchical);
  auto emulator = ParseStorageUrl("http://127.0.0.1:10000/devstoreaccount1/cont/f");
  ASSERT_TRUE(emulator);
  EXPECT_EQ(emulator->endpoint, "http://127.0.0.1:10000/devstoreaccount1");
  EXPECT_EQ(emulator->account, "devstoreaccount1");
  EXPECT_EQ(emulator->container, "cont");
  EXPECT_EQ(emulator->Below("/more/").path, "f/more");
}

TEST(StorageUrl, Credentials) {
  const std::string base = "https://acct.blob.core.windows.net/cont/f";
  auto of = [&](const std::string& suffix) {
    auto url = ParseStorageUrl(base + suffix);
    EXPECT_TRUE(url) << suffix;
    if (!url) return StorageCredential{};
    EXPECT_EQ(CredentialSuffix(url->credential), suffix);
    EXPECT_EQ(url->path, "f");
    return url->credential;
  };
  EXPECT_EQ(of("").kind, CredentialKind::kNone);
  EXPECT_EQ(of("?sv=2021-12-02&sp=rw&sig=a%2Bb%3D").secret, "sv=2021-12-02&sp=rw&sig=a%2Bb%3D");
  EXPECT_EQ(of(std::string(";") + kKey).kind, CredentialKind::kAccountKey);
  EXPECT_EQ(of(";token=abc").kind, CredentialKind::kToken);
  EXPECT_EQ(of(";impersonate").kind, CredentialKind::kImpersonate);
  EXPECT_EQ(of(";managed_identity=system").kind, CredentialKind::kManagedIdentity);
  auto shared = ParseStorageUrl(base + ";sharedkey=" + kKey);
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->credential.secret, kKey);
  EXPECT_EQ(shared->Shown().find(kKey), std::string::npos);
}

TEST(StorageUrl, WrongOnesAreNamedWithoutSecrets) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty"},
      {"/", "root"},
      {"file://relative/x", "file:///"},
      {"ftp://x/y", "ftp"},
      {"acct.blob.core.windows.net/cont", "https://"},
      {"https://acct.blob.core.windows.net", "container"},
      {"https://acct.blob.core.windows.net/UP/f", "UP"},
      {"https://acct.blob.core.windows.net/a/f", "'a'"},
      {"https://acct.blob.core.windows.net/cont/a/../b", ".."},
      {"https://acct.blob.core.windows.net/cont/a b", "%"},
      {"https://acct.blob.core.windows.net/cont/%zz", "%"},
      {"https://acct.blob.core.windows.net/cont?comp=list", "sig="},
      {"https://acct.blob.core.windows.net/cont;topsecret", "key"},
      {"https://acct.blob.core.windows.net/cont?sig=topsecret;impersonate", "more than one"},
      {"https://acct.blob.core.windows.net/cont;token=", "token"},
      {"https://bucket.s3.eu-west-1.amazonaws.com/x", "S3"},
      {"http://127.0.0.1:10000/", "account"},
      {"http://127.0.0.1:10000/acct", "container"},
      {"abfss://acct.dfs.core.windows.net/x", "<container>@"},
      {"adl://a.azuredatalakestore.net/x", "gen 1"},
      {"https://user@host.blob.core.windows.net/cont", "user"},
      {std::string("DefaultEndpointsProtocol=https;AccountKey=") + kKey, "connection string"},
  };
  for (const auto& [text, part] : cases) {
    auto url = ParseStorageUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().reason, "BadStorageUrl") << text;
    EXPECT_NE(url.error().message.find(part), std::string::npos) << url.error().message;
    EXPECT_EQ(url.error().message.find("topsecret"), std::string::npos) << url.error().message;
    EXPECT_EQ(url.error().message.find(kKey), std::string::npos);
    EXPECT_EQ(url.error().message.find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace kc::azure
