#include "net/control/guard.hpp"

#include "net/control/proof.hpp"
#include "net/control/pump.hpp"
#include "net/core/deadline.hpp"
#include "net/core/listen.hpp"
#include "net/core/unique_fd.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <map>
#include <optional>
#include <sys/socket.h>

namespace sluice::net {

using asio::ip::tcp;
using local_socket = asio::local::stream_protocol::socket;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds accept_pause{100};

struct socket_pair {
  local_socket ours;
  unique_fd theirs;
};

result<socket_pair> open_pair(asio::io_context& io) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
    return error{errc::io, fmt::format("no socketpair: {}", std::generic_category().message(errno))};
  return socket_pair{local_socket(io, asio::local::stream_protocol(), fds[0]), unique_fd(fds[1])};
}

std::string describe(const tcp::socket& socket) {
  boost::system::error_code failure;
  auto peer = socket.remote_endpoint(failure);
  return failure ? "gone" : fmt::format("{}:{}", peer.address().to_string(), peer.port());
}

// Closes the descriptor if the executor drops the task.
struct hand_over {
  std::shared_ptr<unique_fd> fd;
  plane::reply<int> done;
  void operator()() const { done(fd->release()); }
};

} // namespace

// Lives as long as the guard or a connection under way. All members but the counters belong to the worker.
struct guard::core : std::enable_shared_from_this<guard::core> {
  core(worker& w, guard_options o, logger l)
      : home(w), io(w.io()), options(std::move(o)), log(std::move(l)) {}

  worker& home;
  asio::io_context& io;
  guard_options options;
  logger log;
  std::shared_ptr<guard_counters> counters = std::make_shared<guard_counters>();
  std::optional<tcp::acceptor> acceptor;
  std::function<void(int)> peer;
  bool closed = false;
  std::uint64_t next_id = 0;
  std::map<std::uint64_t, std::function<void()>> closers; ///< ends what is under way

  [[nodiscard]] proof_identity identity() const { return {options.cluster, options.secret}; }

  void close_all();
  result<unique_fd> attach(tcp::socket network, basp_sender remote, std::string peer_name);
  void count_refusal(const error& why);

  asio::awaitable<void> accept_loop();
  asio::awaitable<void> welcome(std::shared_ptr<tcp::socket> network);

  struct attempt;
  asio::awaitable<void> reach(std::shared_ptr<attempt> call);
};

// One dial. The reply is sent by whoever comes first: the deadline or the coroutine, which a slow name
// server can hold for longer.
struct guard::core::attempt {
  attempt(core& owner, std::string a, plane::executor& c, plane::reply<int> d)
      : address(std::move(a)), caller(c), done(std::move(d)), counters(owner.counters), socket(owner.io),
        resolver(owner.io) {}
  ~attempt() { fail(errc::closed, "the node is shutting down"); }

  void fail(errc code, std::string_view why) {
    if (!done) return;
    ++counters->dial_failures;
    caller.post([reply = std::exchange(done, nullptr), e = error{code, fmt::format("{}: {}", address, why)}] {
      reply(e);
    });
  }
  void succeed(unique_fd fd) {
    if (!done) return;
    caller.post(hand_over{std::make_shared<unique_fd>(std::move(fd)), std::exchange(done, nullptr)});
  }

  std::string address;
  plane::executor& caller;
  plane::reply<int> done;
  std::shared_ptr<guard_counters> counters;
  tcp::socket socket;
  tcp::resolver resolver;
};

void guard::core::close_all() {
  closed = true;
  boost::system::error_code ignored;
  if (acceptor) acceptor->close(ignored);
  peer = nullptr;
  auto under_way = std::exchange(closers, {});
  for (auto& [id, end] : under_way)
    end();
}

result<unique_fd> guard::core::attach(tcp::socket network, basp_sender remote, std::string peer_name) {
  auto pair = open_pair(io);
  if (!pair) return pair.error();
  boost::system::error_code ignored;
  network.set_option(tcp::no_delay(true), ignored);
  auto id = next_id++;
  pump::setup how;
  how.peer = std::move(peer_name);
  how.remote = remote;
  how.idle_limit = options.idle_limit;
  how.counters = counters;
  how.log = log;
  how.closed = [weak = weak_from_this(), id] {
    if (auto self = weak.lock()) self->closers.erase(id);
  };
  auto connection = std::make_shared<pump>(std::move(network), std::move(pair->ours), std::move(how));
  closers.emplace(id, [weak = std::weak_ptr(connection)] {
    if (auto open = weak.lock()) open->close();
  });
  connection->start();
  ++counters->proven;
  return std::move(pair->theirs);
}

void guard::core::count_refusal(const error& why) {
  switch (why.code) {
  case errc::conflict:
    ++counters->refused_cluster;
    break;
  case errc::unauthorized:
    ++counters->refused_secret;
    break;
  case errc::timed_out:
    ++counters->proof_timeouts;
    break;
  default:
    ++counters->refused_garbage;
  }
}

asio::awaitable<void> guard::core::accept_loop() {
  while (!closed) {
    auto network = std::make_shared<tcp::socket>(io);
    auto [failure] = co_await acceptor->async_accept(*network, token);
    if (closed) co_return;
    if (failure) {
      ++counters->accept_failures;
      log.warn("cannot accept a control connection", "reason", failure.message());
      asio::steady_timer pause(io, accept_pause);
      co_await pause.async_wait(token);
      continue;
    }
    ++counters->accepted;
    bool full = counters->unproven >= static_cast<std::int64_t>(options.max_unproven) ||
                counters->open >= static_cast<std::int64_t>(options.max_peers);
    if (full) {
      ++counters->refused_full;
      continue;
    }
    ++counters->unproven;
    asio::co_spawn(io, welcome(network), [self = shared_from_this()](std::exception_ptr bug) {
      --self->counters->unproven;
      if (bug) self->log.error("control peer's proof failed");
    });
  }
}

asio::awaitable<void> guard::core::welcome(std::shared_ptr<tcp::socket> network) {
  auto self = shared_from_this();
  auto name = describe(*network);
  auto id = next_id++;
  auto hang_up = [network] {
    boost::system::error_code ignored;
    network->close(ignored);
  };
  closers.emplace(id, hang_up);
  deadline limit(io, options.proof_limit, hang_up);
  auto proven = co_await prove_as_server(*network, identity());
  closers.erase(id);
  if (closed) co_return;
  if (limit.expired())
    proven = error{errc::timed_out, fmt::format("no proof within {} ms", options.proof_limit.count())};
  if (!proven) {
    count_refusal(proven.error());
    log.warn("control peer refused", "peer", name, "reason", proven.error().message);
    co_return;
  }
  auto fd = attach(std::move(*network), basp_sender::client, name);
  if (!fd) {
    log.error("control peer dropped", "peer", name, "reason", fd.error().message);
    co_return;
  }
  if (peer) peer(fd->release());
}

asio::awaitable<void> guard::core::reach(std::shared_ptr<attempt> call) {
  auto self = shared_from_this();
  auto where = host_port::parse(call->address);
  if (!where) {
    call->fail(errc::bad_argument, where.error().message);
    co_return;
  }
  auto [unknown, found] =
      co_await call->resolver.async_resolve(where->host, std::to_string(where->port), token);
  if (!call->done || closed) co_return;
  if (unknown) {
    call->fail(errc::io, unknown.message());
    co_return;
  }
  auto [failure, at] = co_await asio::async_connect(call->socket, found, token);
  if (!call->done || closed) co_return;
  if (failure) {
    call->fail(errc::io, failure == asio::error::connection_refused ? "refused" : failure.message());
    co_return;
  }
  auto proven = co_await prove_as_client(call->socket, identity());
  if (!call->done || closed) co_return;
  if (!proven) {
    bool stranger = proven.error().code == errc::conflict || proven.error().code == errc::unauthorized;
    call->fail(stranger ? errc::unauthorized : errc::io, proven.error().message);
    co_return;
  }
  auto fd = attach(std::move(call->socket), basp_sender::server, call->address);
  if (!fd) {
    call->fail(errc::io, fd.error().message);
    co_return;
  }
  call->succeed(std::move(*fd));
}

guard::guard(worker& home, guard_options options, logger log)
    : core_(std::make_shared<core>(home, std::move(options), std::move(log))) {}

guard::~guard() {
  close();
}

void guard::close() {
  asio::post(core_->io, [core = core_] { core->close_all(); });
}

const guard_counters& guard::counters() const noexcept {
  return *core_->counters;
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

void guard::serve(std::function<void(int)> peer) {
  asio::post(core_->io, [core = core_, peer = std::move(peer)]() mutable {
    if (core->closed || !core->acceptor) return;
    core->peer = std::move(peer);
    asio::co_spawn(core->io, core->accept_loop(), [core](std::exception_ptr bug) {
      if (bug) core->log.error("the control listener stopped");
    });
  });
}

void guard::dial(std::string address, plane::executor& caller, plane::reply<int> done) {
  auto call = std::make_shared<core::attempt>(*core_, std::move(address), caller, std::move(done));
  asio::post(core_->io, [core = core_, call] {
    if (core->closed) return;
    ++core->counters->dialed;
    auto id = core->next_id++;
    auto hang_up = [weak = std::weak_ptr(call)] {
      if (auto open = weak.lock()) {
        boost::system::error_code ignored;
        open->resolver.cancel();
        open->socket.close(ignored);
      }
    };
    core->closers.emplace(id, hang_up);
    auto limit = std::make_shared<deadline>(core->io, core->options.connect_limit, [core, call, hang_up] {
      call->fail(errc::timed_out, fmt::format("no answer within {} ms", core->options.connect_limit.count()));
      hang_up();
    });
    asio::co_spawn(core->io, core->reach(call), [core, id, limit, call](std::exception_ptr bug) {
      core->closers.erase(id);
      if (bug) core->log.error("a control connection failed", "address", call->address);
    });
  });
}

} // namespace sluice::net
