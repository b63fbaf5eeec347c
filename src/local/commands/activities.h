// Which requests run and which ran lately: `.show queries`, `.show commands`, `.cancel query`, and
// the limit of concurrent queries. All members are safe from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "world/cancel.h"
#include "world/clock.h"

namespace kc::local {

struct Activity {
  bool is_command = false;
  std::string command_type;  // "TableCreate"; empty for queries
  std::string client_request_id;
  std::string activity_id;
  std::string text;  // without obfuscated strings
  std::string database;
  std::string user;
  std::string application;
  std::string principal;
  std::string state = "InProgress";  // then Completed, Failed or Cancelled
  std::string failure;
  int64_t started_ticks = 0;
  int64_t updated_ticks = 0;
  int64_t duration_ticks = 0;  // of a running one: as of the last look
};

class Activities {
 public:
  // query_capacity: queries that may run at a time.
  Activities(world::Clock& clock, int query_capacity)
      : clock_(clock), query_capacity_(query_capacity) {}

  // A request in progress; ends as completed unless Fail() was called. Movable, not copyable.
  class Running {
   public:
    Running() = default;
    Running(Running&& other) noexcept;
    Running& operator=(Running&& other) noexcept;
    ~Running();
    void Fail(const Error& error);
    void SetCommandType(const std::string& type);

   private:
    friend class Activities;
    Running(Activities* owner, int64_t id) : owner_(owner), id_(id) {}
    Activities* owner_ = nullptr;
    int64_t id_ = 0;
  };
  // kRetry with Kusto's throttling text (HTTP 429) when a query comes over the capacity; kRetry
  // (HTTP 503) after Close.
  Result<Running> Begin(Activity activity, std::shared_ptr<world::CancelToken> cancel);

  // Oldest first; running ones last.
  std::vector<Activity> List() const;
  // How many running requests had that client request id; they are told to end.
  int Cancel(std::string_view client_request_id);
  // For the program's own end: all running requests are told to end, and Begin refuses more.
  void Close();
  int running_queries() const;
  int query_capacity() const { return query_capacity_; }

 private:
  struct Item {
    Activity activity;
    world::Duration started{};
    std::shared_ptr<world::CancelToken> cancel;
  };
  void End(int64_t id);

  world::Clock& clock_;
  const int query_capacity_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  int64_t next_id_ = 1;
  int running_queries_ = 0;
  std::map<int64_t, Item> running_;
  std::deque<Activity> finished_;
};

}  // namespace kc::local
