#include "kusto/connection_string.h"

#include <gtest/gtest.h>

namespace kc::kusto {
namespace {

TEST(ConnectionString, PlainAddresses) {
  auto plain = ParseConnectionString(" https://Help.kusto.windows.net/ ");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->cluster, "https://help.kusto.windows.net");
  EXPECT_EQ(plain->database, "");
  EXPECT_EQ(plain->auth, AuthKind::kDefault);
  auto database = ParseConnectionString("http://127.0.0.1:8080/My%20Db");
  ASSERT_TRUE(database);
  EXPECT_EQ(database->cluster, "http://127.0.0.1:8080");
  EXPECT_EQ(database->database, "My Db");
  auto short_form = ParseConnectionString("@help/Samples");
  ASSERT_TRUE(short_form);
  EXPECT_EQ(short_form->cluster, "https://help.kusto.windows.net");
  EXPECT_EQ(short_form->database, "Samples");
  EXPECT_EQ(ParseConnectionString("help.kusto.windows.net")->cluster,
            "https://help.kusto.windows.net");
  EXPECT_EQ(ParseConnectionString("http://[::1]:8080")->cluster, "http://[::1]:8080");
}

TEST(ConnectionString, KeywordsAndAliases) {
  for (const char* key : {"Data Source", "Addr", "Address", "Network Address", "Server",
                          "datasource", "DATA SOURCE", "ClusterUri"}) {
    auto parsed = ParseConnectionString(std::string(key) + "=https://a.kusto.windows.net");
    ASSERT_TRUE(parsed) << key;
    EXPECT_EQ(parsed->cluster, "https://a.kusto.windows.net");
  }
  auto app = ParseConnectionString(
      "Data Source=https://a.b.kusto.windows.net;Initial Catalog=NetDefaultDB;AAD Federated "
      "Security=True;AppClientId=me;AppKey=\"se;cr'et\"\"x\";Authority Id=tenant;");
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_EQ(app->auth, AuthKind::kApplicationKey);
  EXPECT_EQ(app->client_id, "me");
  EXPECT_EQ(app->secret, "se;cr'et\"x");
  EXPECT_EQ(app->tenant, "tenant");
  EXPECT_EQ(app->database, "NetDefaultDB");
  EXPECT_EQ(app->Shown().find("se;"), std::string::npos);
  EXPECT_EQ(ParseConnectionString("https://a.b;UserToken=t")->auth, AuthKind::kUserToken);
  EXPECT_EQ(ParseConnectionString("https://a.b;Fed=false")->auth, AuthKind::kNone);
  EXPECT_TRUE(
      ParseConnectionString("https://a.b;QueryConsistency=weakconsistency")->weak_consistency);
  EXPECT_EQ(ParseConnectionString("https://a.b;Application Name for Tracing='x y'")->app_name,
            "x y");
}

TEST(ConnectionString, WrongOnesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "empty"},
      {"htp:/nonsense", "htp:/nonsense"},
      {"ftp://x.y", "ftp"},
      {"cluster", "cluster"},
      {"https://", "host"},
      {"https://a b.c", "a b.c"},
      {"https://a.b:99999", "99999"},
      {"https://a.b/db/more", "database"},
      {"https://a.b;Bogus=1", "Bogus"},
      {"https://a.b;Fed=maybe", "Fed"},
      {"https://a.b;AppKey=verysecret", "AppClientId"},
      {"https://a.b;AppClientId=x", "AppKey"},
      {"https://a.b;UserToken=t;AppToken=u", "more than one"},
      {"https://a.b;Password=verysecret", "Password"},
      {"https://a.b;AppKey=\"verysecret", "quote"},
      {"https://a.b;something", "something"},
      {"Initial Catalog=x", "Data Source"},
      {"https://a.b;Fed=false;UserToken=t", "Fed"},
  };
  for (const auto& [text, part] : cases) {
    auto parsed = ParseConnectionString(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, "BadConnectionString");
    EXPECT_NE(parsed.error().message.find(part), std::string::npos) << parsed.error().message;
    EXPECT_EQ(parsed.error().message.find("verysecret"), std::string::npos);
  }
}

}  // namespace
}  // namespace kc::kusto
