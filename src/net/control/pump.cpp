#include "net/control/pump.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace sluice::net {

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

} // namespace

pump::pump(asio::ip::tcp::socket network, asio::local::stream_protocol::socket inner, setup how)
    : network_(std::move(network)), inner_(std::move(inner)), timer_(network_.get_executor()),
      how_(std::move(how)), filter_(how_.remote), last_heard_(clock::now()) {
  ++how_.counters->open;
}

pump::~pump() {
  close();
}

void pump::start() {
  boost::system::error_code failed;
  network_.non_blocking(true, failed);
  if (!failed) inner_.non_blocking(true, failed);
  if (failed) return close();
  auto self = shared_from_this();
  auto ended = [self](std::exception_ptr failure) {
    if (failure) self->how_.log.error("control connection failed", "peer", self->how_.peer);
    self->close();
  };
  auto executor = network_.get_executor();
  asio::co_spawn(executor, carry_in(), ended);
  asio::co_spawn(executor, carry_out(), ended);
  asio::co_spawn(executor, watch(), ended);
}

void pump::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  network_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  network_.close(ignored);
  inner_.close(ignored);
  timer_.cancel();
  --how_.counters->open;
  if (how_.closed) how_.closed();
}

asio::awaitable<void> pump::carry_in() {
  for (;;) {
    auto [lost] = co_await network_.async_wait(asio::socket_base::wait_read, token);
    if (lost) co_return;
    auto size = read_now(network_);
    if (!size) co_return;
    if (*size == 0) continue;
    last_heard_ = clock::now();
    auto& checked = how_.room->checked;
    checked.clear();
    auto verdict = filter_.pass(byte_view(how_.room->read).first(*size), checked);
    if (!verdict) {
      ++how_.counters->bad_headers;
      how_.log.warn("control connection closed", "peer", how_.peer, "reason", verdict.error().message);
      co_return;
    }
    auto rest = unwritten(inner_, checked);
    if (rest.empty()) continue;
    auto [failure, written] = co_await asio::async_write(inner_, asio::buffer(rest), token);
    if (failure) co_return;
  }
}

asio::awaitable<void> pump::carry_out() {
  for (;;) {
    auto [lost] = co_await inner_.async_wait(asio::socket_base::wait_read, token);
    if (lost) co_return;
    auto size = read_now(inner_);
    if (!size) co_return;
    auto rest = unwritten(network_, byte_view(how_.room->read).first(*size));
    if (rest.empty()) continue;
    auto [failure, written] = co_await asio::async_write(network_, asio::buffer(rest), token);
    if (failure) co_return;
  }
}

template <class Socket>
std::optional<std::size_t> pump::read_now(Socket& from) {
  boost::system::error_code failure;
  auto size = from.read_some(asio::buffer(how_.room->read), failure);
  if (failure == asio::error::would_block) return 0;
  if (failure) return std::nullopt;
  return size;
}

// A failure shows again in the write of the rest.
template <class Socket>
byte_buffer pump::unwritten(Socket& to, byte_view bytes) {
  boost::system::error_code failure;
  while (!bytes.empty() && !failure)
    bytes = bytes.subspan(to.write_some(asio::buffer(bytes.data(), bytes.size()), failure));
  return {bytes.begin(), bytes.end()};
}

asio::awaitable<void> pump::watch() {
  for (;;) {
    timer_.expires_at(last_heard_ + how_.idle_limit);
    auto [failure] = co_await timer_.async_wait(token);
    if (failure || closed_) co_return;
    if (clock::now() < last_heard_ + how_.idle_limit) continue;
    ++how_.counters->idle_closed;
    how_.log.warn("control connection closed", "peer", how_.peer, "reason",
                  fmt::format("silent for {} ms", how_.idle_limit.count()));
    co_return;
  }
}

} // namespace sluice::net
