// One connection to another node's control port: name, connection and proof within one limit. On the guard's
// worker.
#pragma once

#include "net/control/peers.hpp"
#include "plane/ports.hpp"

namespace sluice::net {

/// A dial that was asked for. The reply is sent by whoever comes first: the deadline, the coroutine, which a
/// slow name server can hold for longer, or this one's end.
class dial_attempt : public std::enable_shared_from_this<dial_attempt> {
public:
  /// From any thread.
  dial_attempt(std::shared_ptr<control_peers> peers, std::string address, plane::executor& caller,
               plane::reply<plane::control_line_ptr> done);
  ~dial_attempt();

  /// Tries. `done` gets CAF's end of the connection, or `bad_argument` (the address), `io`, `timed_out`,
  /// `unauthorized` (another cluster or secret), `closed`.
  void start();

private:
  asio::awaitable<void> reach();
  void hang_up();
  void fail(errc code, std::string_view why);
  void succeed(plane::control_line_ptr line);
  [[nodiscard]] bool decided() const { return !done_ || peers_->closed(); }

  std::shared_ptr<control_peers> peers_;
  std::string address_;
  plane::executor& caller_;
  plane::reply<plane::control_line_ptr> done_;
  asio::ip::tcp::socket socket_;
  asio::ip::tcp::resolver resolver_;
};

} // namespace sluice::net
