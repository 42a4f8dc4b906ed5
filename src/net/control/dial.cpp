#include "net/control/dial.hpp"

#include "base/host_port.hpp"
#include "net/core/deadline.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace sluice::net {

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

// Closes the connection if the executor drops the task.
struct hand_over {
  std::shared_ptr<plane::control_line_ptr> line;
  plane::reply<plane::control_line_ptr> done;
  void operator()() const { done(std::move(*line)); }
};

} // namespace

dial_attempt::dial_attempt(std::shared_ptr<control_peers> peers, std::string address, plane::executor& caller,
                           plane::reply<plane::control_line_ptr> done)
    : peers_(std::move(peers)), address_(std::move(address)), caller_(caller), done_(std::move(done)),
      socket_(peers_->io), resolver_(peers_->io) {}

dial_attempt::~dial_attempt() {
  fail(errc::closed, "the node is shutting down");
}

void dial_attempt::fail(errc code, std::string_view why) {
  if (!done_) return;
  ++peers_->counters->dial_failures;
  caller_.post([reply = std::exchange(done_, nullptr),
                e = error{code, fmt::format("{}: {}", address_, why)}] { reply(e); });
}

void dial_attempt::succeed(plane::control_line_ptr line) {
  if (!done_) return;
  caller_.post(
      hand_over{std::make_shared<plane::control_line_ptr>(std::move(line)), std::exchange(done_, nullptr)});
}

void dial_attempt::hang_up() {
  boost::system::error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
}

void dial_attempt::start() {
  if (peers_->closed()) return;
  ++peers_->counters->dialed;
  auto id = peers_->under_way([weak = weak_from_this()] {
    if (auto open = weak.lock()) open->hang_up();
  });
  auto self = shared_from_this();
  auto limit = std::make_shared<deadline>(peers_->io, peers_->options.connect_limit, [self] {
    self->fail(errc::timed_out,
               fmt::format("no answer within {} ms", self->peers_->options.connect_limit.count()));
    self->hang_up();
  });
  asio::co_spawn(peers_->io, reach(), [self, id, limit](std::exception_ptr bug) {
    self->peers_->over(id);
    if (bug) self->peers_->log.error("a control connection failed", "address", self->address_);
  });
}

asio::awaitable<void> dial_attempt::reach() {
  auto self = shared_from_this();
  auto where = host_port::parse(address_);
  if (!where) co_return fail(errc::bad_argument, where.error().message);
  auto [unknown, found] = co_await resolver_.async_resolve(where->host, std::to_string(where->port), token);
  if (decided()) co_return;
  if (unknown) co_return fail(errc::io, unknown.message());
  auto [failure, at] = co_await asio::async_connect(socket_, found, token);
  if (decided()) co_return;
  if (failure)
    co_return fail(errc::io, failure == asio::error::connection_refused ? "refused" : failure.message());
  auto proven = co_await prove_as_client(socket_, peers_->identity());
  if (decided()) co_return;
  if (!proven) {
    bool stranger = proven.error().code == errc::conflict || proven.error().code == errc::unauthorized;
    co_return fail(stranger ? errc::unauthorized : errc::io, proven.error().message);
  }
  auto line = peers_->admit(std::move(socket_), address_);
  if (!line) co_return fail(errc::io, line.error().message);
  succeed(std::move(*line));
}

} // namespace sluice::net
