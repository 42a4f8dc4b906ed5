#include "net/support/http_node.hpp"

#include <doctest/doctest.h>

#include <cinttypes>
#include <cstdio>
#include <future>

namespace sluice::test {

using namespace net;

http_node::http_node(http_node_options chosen)
    : options(std::move(chosen)), workers(options.workers, "test", logger("n1")),
      hub(workers, options.hub, logger("n1")) {
  if (!options.record.empty()) recorder = std::make_unique<net::recorder>(hub, options.record, logger("n1"));
  auto services = options.http;
  services.node = "n1";
  services.role = "edge";
  services.hub = &hub;
  if (!services.readiness) services.readiness = [] { return std::vector<readiness_check>{}; };
  services.metrics = [this] { return scrape(workers, {}); };
  if (options.publishers) {
    auto ingest_options = options.ingest;
    ingest_options.node = "n1";
    ingest_options.hub = &hub;
    ingest_options.began = [this](hosted_stream& s) {
      if (recorder) recorder->start(s);
    };
    publishers = std::make_shared<ingest>(std::move(ingest_options), logger("n1"));
    services.seat_publisher = [this] { return publishers->seats().take(); };
    services.publish = [this](post_request request) {
      publish_flv_post(publishers, std::move(request), logger("n1"));
    };
    rtmp = std::make_unique<rtmp_server>(workers, publishers, logger("n1"));
    rtmp_port = rtmp->listen({"127.0.0.1", 0}).value();
  }
  http = std::make_unique<http_server>(workers, std::move(services), logger("n1"));
  port = http->listen({"127.0.0.1", 0}).value();
}

http_node::~http_node() {
  stop();
}

void http_node::start() {
  hub.start();
  workers.start();
  running_ = true;
}

void http_node::stop() {
  if (!std::exchange(running_, false)) return;
  http->stop();
  if (rtmp) rtmp->stop();
  hub.stop();
  if (recorder) recorder->stop();
  workers.stop();
}

void http_node::at_home(const std::function<void(hosted_stream&)>& task) {
  std::promise<void> done;
  hub.on_home(room(), [&](hosted_stream* h, worker&) {
    if (h) task(*h);
    done.set_value();
  });
  done.get_future().wait();
}

void http_node::publish(std::uint64_t epoch_value, stream::tracks present) {
  all.clear();
  at_home([&](hosted_stream& h) {
    REQUIRE(h.log.begin({room(), {epoch_value}, present}).has_value());
    h.source = std::make_unique<idle_feeder>(false);
    stream_hub::log_began(h);
  });
  if (present.video) append(video_header());
  if (present.audio) append(audio_header());
}

void http_node::append(const byte_buffer& tags) {
  all.insert(all.end(), tags.begin(), tags.end());
  at_home([&](hosted_stream& h) { CHECK(h.log.append(tags).has_value()); });
}

void http_node::play(std::uint32_t from_ms, int seconds, std::size_t fill, int per_second) {
  for (int i = 0; i < seconds * per_second; ++i) {
    auto at = from_ms + static_cast<std::uint32_t>(i * 1000 / per_second);
    append(picture(at, i % per_second == 0, fill, static_cast<std::uint8_t>(i)));
    append(sound(at));
  }
}

void http_node::finish(stream::end_reason reason) {
  at_home([&](hosted_stream& h) { h.log.finish(reason); });
}

std::uint64_t http_node::count(const std::function<std::uint64_t(const worker_counters&)>& read) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < workers.size(); ++i)
    sum += read(std::as_const(workers.at(i)).counters());
  return sum;
}

std::uint64_t http_node::viewers() {
  return count([](const auto& c) { return c.viewers.current.value(); });
}

stream_status http_node::status() {
  std::promise<stream_status> found;
  hub.status(room(), workers.at(0), [&](stream_status s) { found.set_value(std::move(s)); });
  return found.get_future().get();
}

log_place place_of(const std::string& response_head) {
  log_place out;
  auto value = header_value(response_head, "Sluice-Log");
  CHECK(std::sscanf(value.c_str(), "%" SCNu64 ";%" SCNu64 ";%zu", &out.log_epoch, &out.offset,
                    &out.preface) == 3);
  return out;
}

byte_buffer after(const byte_buffer& all, std::uint64_t from) {
  return {all.begin() + static_cast<std::ptrdiff_t>(from), all.end()};
}

} // namespace sluice::test
