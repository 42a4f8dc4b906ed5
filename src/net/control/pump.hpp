// One proven control connection: carries bytes between the peer and CAF's end of a socketpair, and checks
// every header that comes from the peer. Two buffers of fixed size, so a peer that does not read stops its
// own sender. Owned by its coroutines, on the guard's worker.
#pragma once

#include "base/logging.hpp"
#include "net/control/basp_header.hpp"
#include "net/control/guard_options.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>

namespace sluice::net {

namespace asio = boost::asio;

class pump : public std::enable_shared_from_this<pump> {
public:
  struct setup {
    std::string peer; ///< for the log
    basp_sender remote = basp_sender::client;
    std::chrono::milliseconds idle_limit{5000};
    std::shared_ptr<guard_counters> counters;
    logger log;
    std::function<void()> closed; ///< runs once, when the connection ended
  };

  pump(asio::ip::tcp::socket network, asio::local::stream_protocol::socket inner, setup how);
  ~pump();

  void start();
  /// Ends both sides. Idempotent.
  void close();

private:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t piece_size = 8192;

  asio::awaitable<void> carry_in();
  asio::awaitable<void> carry_out();
  asio::awaitable<void> watch();

  asio::ip::tcp::socket network_;
  asio::local::stream_protocol::socket inner_;
  asio::steady_timer timer_;
  setup how_;
  basp_filter filter_;
  clock::time_point last_heard_;
  std::array<std::uint8_t, piece_size> in_{}, out_{};
  byte_buffer checked_;
  bool closed_ = false;
};

} // namespace sluice::net
