// A node with a hub and an HTTP server on loopback, for tests of viewers and of the API. Its streams are fed
// by the test, or by publishers where it has an ingest.
#pragma once

#include "net/http/metrics.hpp"
#include "net/http/server.hpp"
#include "net/ingest/flv_post.hpp"
#include "net/ingest/recorder.hpp"
#include "net/ingest/rtmp_server.hpp"
#include "net/support/plain_client.hpp"
#include "net/support/trunk_nodes.hpp"
#include "stream/support.hpp"

namespace sluice::test {

/// Stands for whatever keeps a log growing.
class idle_feeder final : public net::feeder {
public:
  explicit idle_feeder(bool on_demand, std::shared_ptr<std::atomic<int>> alive = nullptr)
      : on_demand_(on_demand), alive_(std::move(alive)) {
    if (alive_) ++*alive_;
  }
  ~idle_feeder() override {
    if (alive_) --*alive_;
  }
  [[nodiscard]] std::string_view kind() const noexcept override { return "publisher"; }
  [[nodiscard]] node_id upstream() const override { return {}; }
  [[nodiscard]] bool on_demand() const noexcept override { return on_demand_; }

private:
  bool on_demand_;
  std::shared_ptr<std::atomic<int>> alive_;
};

struct http_node_options {
  std::size_t workers = 1;
  net::stream_hub::options hub;
  net::http_services http; ///< hub, readiness and metrics are filled in
  bool publishers = false; ///< takes POSTs and RTMP
  net::ingest_services ingest;
  std::filesystem::path record; ///< empty: nothing is recorded
};

class http_node {
public:
  explicit http_node(http_node_options options = {});
  ~http_node();

  void start();
  /// As a node ends: HTTP, streams, recordings, workers.
  void stop();

  /// Runs `task` with the stream of `room()` on its home worker, and waits.
  void at_home(const std::function<void(net::hosted_stream&)>& task);
  /// Begins a log with metadata and headers; `all` is what was written.
  void publish(std::uint64_t epoch_value = 7, stream::tracks present = {true, true});
  void append(const byte_buffer& tags);
  /// Pictures and sounds, `per_second` of each, a keyframe each second.
  void play(std::uint32_t from_ms, int seconds, std::size_t fill = 100, int per_second = 25);
  void finish(stream::end_reason reason);

  /// Sums a counter over the workers: `count([](auto& c) { return c.http.requests.value(); })`.
  std::uint64_t count(const std::function<std::uint64_t(const net::worker_counters&)>& read);
  std::uint64_t viewers();
  net::stream_status status();

  http_node_options options;
  net::worker_pool workers;
  net::stream_hub hub;
  std::shared_ptr<net::ingest> publishers;
  std::unique_ptr<net::recorder> recorder;
  std::unique_ptr<net::http_server> http;
  std::unique_ptr<net::rtmp_server> rtmp;
  std::uint16_t port = 0, rtmp_port = 0;
  byte_buffer all; ///< of the log that `publish` began

private:
  bool running_ = false;
};

/// `Sluice-Log` of a response header.
struct log_place {
  std::uint64_t log_epoch = 0, offset = 0;
  std::size_t preface = 0;
};
log_place place_of(const std::string& response_head);

/// `all[from...]`.
byte_buffer after(const byte_buffer& all, std::uint64_t from);

} // namespace sluice::test
