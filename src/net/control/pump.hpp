// One proven control connection: carries bytes between the peer and CAF's end of a socketpair, and checks
// every header that comes from the peer. It reads on when what it read was written, so a peer that does not
// read stops its own sender; while nothing waits it holds no bytes. Owned by its coroutines, on the guard's
// worker.
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
#include <optional>

namespace sluice::net {

namespace asio = boost::asio;

/// Where the connections of one guard put what they have just read; on its worker.
struct pump_room {
  std::array<std::uint8_t, 64 * 1024> read{};
  byte_buffer checked;
};

class pump : public std::enable_shared_from_this<pump> {
public:
  struct setup {
    std::string peer; ///< for the log
    basp_sender remote = basp_sender::client;
    std::chrono::milliseconds idle_limit{5000};
    std::shared_ptr<guard_counters> counters;
    std::shared_ptr<pump_room> room;
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
  asio::awaitable<void> carry_in();
  asio::awaitable<void> carry_out();
  asio::awaitable<void> watch();
  /// Reads what is there into the room; nothing when the connection is over.
  template <class Socket>
  std::optional<std::size_t> read_now(Socket& from);
  /// Writes what the kernel takes at once; the rest.
  template <class Socket>
  static byte_buffer unwritten(Socket& to, byte_view bytes);

  asio::ip::tcp::socket network_;
  asio::local::stream_protocol::socket inner_;
  asio::steady_timer timer_;
  setup how_;
  basp_filter filter_;
  clock::time_point last_heard_;
  bool closed_ = false;
};

} // namespace sluice::net
