#include "net/control/guard.hpp"

#include "net/control/dial.hpp"
#include "net/core/deadline.hpp"
#include "net/core/listen.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <optional>

namespace sluice::net {

using asio::ip::tcp;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds accept_pause{100};

std::string describe(const tcp::socket& socket) {
  boost::system::error_code failure;
  auto peer = socket.remote_endpoint(failure);
  return failure ? "gone" : fmt::format("{}:{}", peer.address().to_string(), peer.port());
}

} // namespace

// The listener, and the connections it shares with dials. Lives as long as the guard or a connection under
// way; on the worker.
struct guard::core : std::enable_shared_from_this<guard::core> {
  explicit core(std::shared_ptr<control_peers> all)
      : peers(std::move(all)), io(peers->io), options(peers->options), log(peers->log),
        counters(*peers->counters) {}

  std::shared_ptr<control_peers> peers;
  asio::io_context& io;
  const guard_options& options;
  logger& log;
  guard_counters& counters;
  std::optional<tcp::acceptor> acceptor;
  std::function<void(plane::control_line_ptr)> peer;

  void close_all();
  void count_refusal(const error& why);
  asio::awaitable<void> accept_loop();
  asio::awaitable<void> welcome(std::shared_ptr<tcp::socket> network);
};

void guard::core::close_all() {
  boost::system::error_code ignored;
  if (acceptor) acceptor->close(ignored);
  peer = nullptr;
  peers->end_all();
}

void guard::core::count_refusal(const error& why) {
  switch (why.code) {
  case errc::conflict:
    ++counters.refused_cluster;
    break;
  case errc::unauthorized:
    ++counters.refused_secret;
    break;
  case errc::timed_out:
    ++counters.proof_timeouts;
    break;
  default:
    ++counters.refused_garbage;
  }
}

asio::awaitable<void> guard::core::accept_loop() {
  while (!peers->closed()) {
    auto network = std::make_shared<tcp::socket>(io);
    auto [failure] = co_await acceptor->async_accept(*network, token);
    if (peers->closed()) co_return;
    if (failure) {
      ++counters.accept_failures;
      log.warn("cannot accept a control connection", "reason", failure.message());
      asio::steady_timer pause(io, accept_pause);
      co_await pause.async_wait(token);
      continue;
    }
    ++counters.accepted;
    bool full = counters.unproven >= static_cast<std::int64_t>(options.max_unproven) ||
                counters.open >= static_cast<std::int64_t>(options.max_peers);
    if (full) {
      ++counters.refused_full;
      continue;
    }
    ++counters.unproven;
    asio::co_spawn(io, welcome(network), [self = shared_from_this()](std::exception_ptr bug) {
      --self->counters.unproven;
      if (bug) self->log.error("control peer's proof failed");
    });
  }
}

asio::awaitable<void> guard::core::welcome(std::shared_ptr<tcp::socket> network) {
  auto self = shared_from_this();
  auto name = describe(*network);
  auto hang_up = [network] {
    boost::system::error_code ignored;
    network->close(ignored);
  };
  auto id = peers->under_way(hang_up);
  deadline limit(io, options.proof_limit, hang_up);
  auto proven = co_await prove_as_server(*network, peers->identity());
  peers->over(id);
  if (peers->closed()) co_return;
  if (limit.expired())
    proven = error{errc::timed_out, fmt::format("no proof within {} ms", options.proof_limit.count())};
  if (!proven) {
    count_refusal(proven.error());
    log.warn("control peer refused", "peer", name, "reason", proven.error().message);
    co_return;
  }
  auto line = peers->admit(std::move(*network), name);
  if (!line) {
    log.error("control peer dropped", "peer", name, "reason", line.error().message);
    co_return;
  }
  if (peer) peer(std::move(*line));
}

guard::guard(worker& home, guard_options options, logger log)
    : core_(
          std::make_shared<core>(std::make_shared<control_peers>(home, std::move(options), std::move(log)))) {
}

guard::~guard() {
  close();
}

void guard::close() {
  asio::post(core_->io, [core = core_] { core->close_all(); });
}

const guard_counters& guard::counters() const noexcept {
  return core_->counters;
}

result<void> guard::listen(const host_port& address, std::string flag_name) {
  listen_options how;
  how.flag_name = std::move(flag_name);
  auto acceptor = open_listener(core_->io, address, how);
  if (!acceptor) return acceptor.error();
  port_ = acceptor->local_endpoint().port();
  core_->acceptor = std::move(*acceptor);
  return {};
}

void guard::serve(std::function<void(plane::control_line_ptr)> peer) {
  asio::post(core_->io, [core = core_, peer = std::move(peer)]() mutable {
    if (core->peers->closed() || !core->acceptor) return;
    core->peer = std::move(peer);
    asio::co_spawn(core->io, core->accept_loop(), [core](std::exception_ptr bug) {
      if (bug) core->log.error("the control listener stopped");
    });
  });
}

void guard::dial(std::string address, plane::executor& caller, plane::reply<plane::control_line_ptr> done) {
  auto call = std::make_shared<dial_attempt>(core_->peers, std::move(address), caller, std::move(done));
  asio::post(core_->io, [call] { call->start(); });
}

} // namespace sluice::net
