// A database for the tests of functions: Ask("kql_f(1)") gives the value as DuckDB writes it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "engine/duck.h"

namespace kc::engine::udf {

class UdfTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto database = Database::Open({.threads = 1});
    ASSERT_TRUE(database) << database.error().message;
    database_ = std::move(*database);
    auto connection = database_->Connect();
    ASSERT_TRUE(connection) << connection.error().message;
    connection_.emplace(std::move(*connection));
  }
  static void TearDownTestSuite() {
    connection_.reset();
    database_.reset();
  }
  static std::string Ask(const std::string& expression) {
    auto value = connection_->QueryValue("select (" + expression + ")::VARCHAR");
    if (!value) return "error: " + value.error().message;
    return IsNull(*value) ? "null" : std::get<std::string>(*value);
  }
  // The values of an expression over rows of `values`: "1|null|2".
  static std::string AskRows(const std::string& expression, const std::string& values) {
    return Ask("select string_agg(coalesce((" + expression +
               ")::VARCHAR, 'null'), '|' order by i) " +
               "from (select *, row_number() over () i from (values " + values + ") t(x))");
  }
  static inline std::unique_ptr<Database> database_;
  static inline std::optional<Connection> connection_;
};

}  // namespace kc::engine::udf
