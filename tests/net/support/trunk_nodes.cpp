#include "net/support/trunk_nodes.hpp"

#include "net/trunk/log_receiver.hpp"
#include "net/trunk/ticker.hpp"

#include <doctest/doctest.h>

#include <future>

namespace sluice::test {

using namespace net;

const stream_key& room() {
  static const auto key = stream_key::parse("live/room1").value();
  return key;
}

void fixed_directory::answer(result<cluster::enumeration> with) {
  std::lock_guard lock(mutex_);
  answer_ = std::move(with);
}

void fixed_directory::answer_once(cluster::enumeration first, cluster::enumeration then) {
  std::lock_guard lock(mutex_);
  once_ = std::move(first);
  answer_ = std::move(then);
}

int fixed_directory::asked() const {
  std::lock_guard lock(mutex_);
  return asked_;
}

void fixed_directory::enumerate(stream_key, plane::executor& caller,
                                plane::reply<cluster::enumeration> done) {
  std::lock_guard lock(mutex_);
  ++asked_;
  auto answer = once_ ? result<cluster::enumeration>(*once_) : answer_;
  once_.reset();
  caller.post([done = std::move(done), answer = std::move(answer)] { done(answer); });
}

cluster::enumeration order(std::vector<cluster::ranked_relay> relays, std::size_t copies) {
  cluster::enumeration out;
  out.order = std::move(relays);
  out.head.assign(out.order.begin(),
                  out.order.begin() + static_cast<std::ptrdiff_t>(std::min(copies, out.order.size())));
  out.live = cluster::liveness::live;
  return out;
}

namespace {

/// Stands for ingest: holds the stream and makes its beats.
class test_publisher final : public feeder {
public:
  test_publisher(hosted_stream& h, worker& home, node_id id)
      : stream_(h), id_(std::move(id)), beats_(std::in_place, home.io(), 200ms, [this] { beat(); }) {
    beat();
  }
  [[nodiscard]] std::string_view kind() const noexcept override { return "publisher"; }
  [[nodiscard]] node_id upstream() const override { return {}; }
  [[nodiscard]] bool on_demand() const noexcept override { return false; }
  void stop_beats() { beats_.reset(); }

private:
  void beat() {
    auto* log = stream_.log.current();
    auto now = unix_ms_now();
    if (log) log->set_beat({++number_, id_, true, {log->newest_timestamp(), now}, now});
  }

  hosted_stream& stream_;
  node_id id_;
  std::uint64_t number_ = 0;
  std::optional<trunk::ticker> beats_;
};

stream_hub::options hub_options(const node_options& options) {
  stream_hub::options out;
  out.open_timeout = options.open_timeout;
  out.log.retain_bytes = options.retain_bytes;
  out.log.retain_time = 24h;
  out.log.segment_size = 64 * 1024;
  return out;
}

} // namespace

node::node(node_id name, node_options chosen)
    : id(std::move(name)), options(std::move(chosen)), workers(options.workers, id, logger(id)),
      hub(workers, hub_options(options), logger(id)), self{"test", id, options.secret} {}

node::~node() {
  stop();
}

cluster::ranked_relay node::serve() {
  server.emplace(hub, self, options.server, logger(id));
  auto port = server->listen({"127.0.0.1", 0});
  REQUIRE(port.has_value());
  listed = {id, fmt::format("127.0.0.1:{}", *port), "", cluster::relay_state::ready, 1};
  return listed;
}

void node::stop_serving() {
  server->stop();
}

void node::pull() {
  pulls.emplace(hub, directory, self, options.pulls, logger(id));
  hub.on_demand(pulls->factory());
}

void node::start() {
  pushes.emplace(hub, directory, self, options.pushes, logger(id));
  hub.start();
  workers.start();
  started_ = true;
}

void node::stop() {
  if (!std::exchange(started_, false)) return;
  if (server) server->stop();
  pushes->stop_all();
  hub.stop();
  workers.stop();
}

void node::at_home(const std::function<void(hosted_stream&)>& task) {
  std::promise<void> done;
  hub.on_home(room(), [&](hosted_stream* h, worker&) {
    if (h) task(*h);
    done.set_value();
  });
  done.get_future().wait();
}

void node::publish(epoch log_epoch) {
  at_home([&](hosted_stream& h) {
    REQUIRE(h.log.begin({room(), log_epoch, {true, true}}).has_value());
    h.log.current()->set_path({id});
    h.video = "avc1";
    h.audio = "mp4a";
    h.width = 640;
    h.source = std::make_unique<test_publisher>(h, workers.home(room()), id);
    pushes->start(h);
  });
}

void node::append(byte_buffer tags) {
  at_home([&](hosted_stream& h) { CHECK(h.log.append(tags).has_value()); });
}

void node::finish(stream::end_reason reason) {
  at_home([&](hosted_stream& h) {
    auto ended = h.log.last_epoch();
    h.log.finish(reason);
    pushes->stop(room(), ended);
  });
}

void node::stop_beats() {
  at_home([](hosted_stream& h) { static_cast<test_publisher&>(*h.source).stop_beats(); });
}

stream_status node::status() {
  std::promise<stream_status> found;
  hub.status(room(), workers.at(0), [&](stream_status s) { found.set_value(std::move(s)); });
  return found.get_future().get();
}

result<std::shared_ptr<log_watch>> node::watch(open_when when) {
  using opened = result<std::shared_ptr<log_watch>>;
  std::promise<opened> found;
  auto& at = workers.at(workers.size() - 1);
  hub.open(room(), at, when, [&](const result<std::shared_ptr<audience>>& log) {
    if (!log) return found.set_value(log.error());
    // A reader leaves its audience on the audience's worker.
    auto leave = [&at](log_watch* last) { at.post([holder = std::shared_ptr<log_watch>(last)] {}); };
    std::shared_ptr<log_watch> made(new log_watch(*log), leave);
    made->start();
    found.set_value(made);
  });
  return found.get_future().get();
}

std::uint64_t node::count(counter trunk_counters::*which) const {
  std::uint64_t sum = 0;
  auto& pool = const_cast<worker_pool&>(workers);
  for (std::size_t i = 0; i < pool.size(); ++i)
    sum += (pool.at(i).counters().trunk.*which).value();
  return sum;
}

std::uint64_t node::switches(cluster::drop_reason reason) const {
  std::uint64_t sum = 0;
  auto& pool = const_cast<worker_pool&>(workers);
  for (std::size_t i = 0; i < pool.size(); ++i)
    sum += pool.at(i).counters().trunk.switches[static_cast<std::size_t>(reason)].value();
  return sum;
}

void log_watch::start() {
  seen_.of = log_->identity().log_epoch;
  seen_.first = at_ = log_->view().first();
  on_news();
}

void log_watch::on_news() {
  const auto& view = log_->view();
  {
    std::lock_guard lock(mutex_);
    if (at_ < view.first()) {
      seen_.lost += view.first() - at_;
      at_ = view.first();
    }
    for (auto piece = view.read(at_, 1 << 20); piece.size() > 0; piece = view.read(at_, 1 << 20)) {
      for (auto part : piece.parts)
        seen_.bytes.insert(seen_.bytes.end(), part.begin(), part.end());
      at_ = piece.end();
    }
    seen_.path = *view.path();
    seen_.end = view.ended();
  }
  log_->follow(*this);
}

seen_log log_watch::seen() const {
  std::lock_guard lock(mutex_);
  return seen_;
}

bool log_watch::reaches(std::uint64_t head) const {
  std::lock_guard lock(mutex_);
  return at_ >= head;
}

} // namespace sluice::test
