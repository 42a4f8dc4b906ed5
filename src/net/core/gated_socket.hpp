// A WebSocket's socket that two write to: Beast, the handshake and control frames; and its user, messages,
// straight to the kernel. Neither writes into the middle of the other's frame. On the connection's worker.
#pragma once

#include "net/core/socket.hpp"

#include <boost/asio/compose.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/websocket/teardown.hpp>

namespace sluice::net {

/// What Beast sees: a stream whose writes wait while the user's frame is under way.
class gated_socket {
public:
  using next_layer_type = socket;
  using executor_type = socket::executor_type;

  explicit gated_socket(socket s) : socket_(std::move(s)), gate_(socket_.get_executor()) {
    gate_.expires_at(std::chrono::steady_clock::time_point::max());
  }

  [[nodiscard]] executor_type get_executor() noexcept { return socket_.get_executor(); }
  [[nodiscard]] socket& next_layer() noexcept { return socket_; }

  /// Whether the user may begin a frame: Beast is in the middle of none, and has none waiting.
  [[nodiscard]] bool free() const noexcept { return owner_ == owner::nobody && waiting_ == 0; }

  /// Sends the rest of a frame that the user began, or a whole one after the frame that Beast is in the
  /// middle of; Beast's next writes wait until then. One call at a time.
  template <class Buffers, class Handler>
  void finish_frame(const Buffers& rest, Handler done) {
    if (owner_ == owner::beast)
      return gate_.async_wait([this, rest, done = std::move(done)](boost::system::error_code) mutable {
        finish_frame(rest, std::move(done));
      });
    owner_ = owner::user;
    asio::async_write(
        socket_, rest,
        [this, done = std::move(done)](boost::system::error_code failed, std::size_t n) mutable {
          owner_ = owner::nobody;
          gate_.cancel();
          done(failed, n);
        });
  }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& to, Token&& token) {
    return socket_.async_read_some(to, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& from, Token&& token) {
    return asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
        beast_write<Buffers>{*this, from}, token, socket_);
  }

private:
  enum class owner : std::uint8_t { nobody, user, beast };

  template <class Buffers>
  struct beast_write {
    gated_socket& to;
    Buffers from;
    enum class step : std::uint8_t { begin, waited, written } at = step::begin;

    template <class Self>
    void operator()(Self& self, boost::system::error_code failed = {}, std::size_t n = 0) {
      if (at == step::written) {
        // Less than all: the rest of Beast's frame follows at once.
        to.owner_ = !failed && n < asio::buffer_size(from) ? owner::beast : owner::nobody;
        if (to.owner_ == owner::nobody) to.gate_.cancel();
        return self.complete(failed, n);
      }
      if (at == step::waited) --to.waiting_;
      if (to.owner_ == owner::user) {
        at = step::waited;
        ++to.waiting_;
        return to.gate_.async_wait(std::move(self));
      }
      at = step::written;
      to.owner_ = owner::beast;
      to.socket_.async_write_some(from, std::move(self));
    }
  };

  // Beside the socket's handle, for the cache: each message looks at them.
  owner owner_ = owner::nobody;
  std::uint32_t waiting_ = 0; ///< writes of Beast's
  socket socket_;
  asio::steady_timer gate_; ///< never due: cancelled when a frame is out
};

// Beast finds these by the argument's namespace when it ends a connection.
inline void teardown(boost::beast::role_type role, gated_socket& s, boost::system::error_code& failed) {
  boost::beast::websocket::teardown(role, s.next_layer(), failed);
}
template <class Handler>
void async_teardown(boost::beast::role_type role, gated_socket& s, Handler&& done) {
  boost::beast::websocket::async_teardown(role, s.next_layer(), std::forward<Handler>(done));
}

} // namespace sluice::net
