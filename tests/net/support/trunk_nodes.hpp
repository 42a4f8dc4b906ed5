// Nodes for tests of the trunk: each has its own workers, hub and sockets on loopback; directories are
// replaced by an answer the test gives.
#pragma once

#include "net/trunk/pullers.hpp"
#include "net/trunk/push_manager.hpp"
#include "net/trunk/server.hpp"
#include "support/eventually.hpp"

#include <condition_variable>
#include <map>
#include <mutex>

namespace sluice::test {

using namespace std::chrono_literals;

const stream_key& room();

/// Answers every question with what the test set last.
class fixed_directory final : public plane::control {
public:
  void answer(result<cluster::enumeration> with);
  /// The next question is answered with `first`, those after it with `then`.
  void answer_once(cluster::enumeration first, cluster::enumeration then);
  [[nodiscard]] int asked() const;

  void enumerate(stream_key, plane::executor& caller, plane::reply<cluster::enumeration> done) override;
  void recall(stream_key, plane::executor&, plane::reply<plane::stream_memory>) override {}
  void announce(cluster::stream_announcement) override {}
  void withdraw(stream_key, epoch) override {}
  void streams(plane::executor&, plane::reply<plane::stream_list>) override {}
  void nodes(plane::executor&, plane::reply<std::vector<cluster::node_view>>) override {}
  [[nodiscard]] plane::control_status status() const override { return {}; }

private:
  mutable std::mutex mutex_;
  result<cluster::enumeration> answer_ = error{errc::unavailable, "no snapshot"};
  std::optional<cluster::enumeration> once_;
  int asked_ = 0;
};

/// What a reader of a node's log saw, by offset.
struct seen_log {
  epoch of;
  std::uint64_t first = 0;
  byte_buffer bytes;
  std::uint64_t lost = 0; ///< bytes that gaps left out
  std::vector<node_id> path;
  stream::end_reason end = stream::end_reason::none;
};

/// Reads one log of a node from its oldest byte on.
class log_watch;

struct node_options {
  std::size_t workers = 1;
  std::string secret = "secret";
  net::trunk::server_options server{};
  net::trunk::pull_options pulls{};
  net::trunk::push_options pushes{};
  std::chrono::milliseconds open_timeout{3'000};
  /// Tests append faster than time passes: only this bounds what is retained.
  std::size_t retain_bytes = 64 * 1024 * 1024;
};

class node {
public:
  explicit node(node_id id, node_options options = {});
  ~node();

  /// Opens the trunk and returns how others list this node. Once.
  cluster::ranked_relay serve();
  /// Closes the trunk as a crash would.
  void stop_serving();
  /// This node gets streams it lacks from others.
  void pull();
  void start();
  void stop();

  /// Publishes: begins a log of `log_epoch`, with beats.
  void publish(epoch log_epoch);
  void append(byte_buffer tags);
  void finish(stream::end_reason reason);
  void stop_beats();

  /// Runs `task` on the home worker and waits for it.
  void at_home(const std::function<void(net::hosted_stream&)>& task);
  net::stream_status status();
  /// Starts to read; the error when there is nothing to read.
  result<std::shared_ptr<log_watch>> watch(net::open_when when = net::open_when::started);
  [[nodiscard]] std::uint64_t count(net::counter net::trunk_counters::*which) const;
  [[nodiscard]] std::uint64_t switches(cluster::drop_reason reason) const;

  node_id id;
  node_options options;
  fixed_directory directory;
  net::worker_pool workers;
  net::stream_hub hub;
  net::trunk::identity self;
  std::optional<net::trunk::server> server;
  std::optional<net::trunk::pullers> pulls;
  std::optional<net::trunk::push_manager> pushes;
  cluster::ranked_relay listed;

private:
  bool started_ = false;
};

class log_watch final : public net::reader {
public:
  explicit log_watch(std::shared_ptr<net::audience> log) : log_(std::move(log)) {}
  /// On the audience's worker.
  void start();
  void on_news() override;

  [[nodiscard]] seen_log seen() const;
  /// Whether everything up to `head` came.
  [[nodiscard]] bool reaches(std::uint64_t head) const;

private:
  std::shared_ptr<net::audience> log_;
  mutable std::mutex mutex_;
  seen_log seen_;
  std::uint64_t at_ = 0;
};

/// An enumeration for edges and for a relay: `order` as given, the first `copies` are the head.
cluster::enumeration order(std::vector<cluster::ranked_relay> relays, std::size_t copies = 2);

} // namespace sluice::test
