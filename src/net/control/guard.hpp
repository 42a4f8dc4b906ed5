// The control plane's sockets: connects and accepts, has the cluster secret proven both ways, and only then
// hands the connection over; ends it when its peer falls silent, or when the guard closes. Owned by the node;
// works on one worker, callable from any thread.
#pragma once

#include "base/host_port.hpp"
#include "net/control/guard_options.hpp"
#include "net/core/worker.hpp"
#include "plane/ports.hpp"

#include <memory>

namespace sluice::net {

class guard final : public plane::control_sockets {
public:
  /// `home` outlives the guard.
  guard(worker& home, guard_options options, logger log);
  /// Closes everything, like `close`.
  ~guard() override;
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;

  /// Opens the listener; peers wait in its backlog until `serve`. Called once, before `serve`. `flag_name`:
  /// the option that chooses the address, for the error text. Errors: as `open_listener`.
  result<void> listen(const host_port& address, std::string flag_name = "--control-listen");
  /// The port listened on; 0 without listener.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  void dial(std::string address, plane::executor& caller,
            plane::reply<plane::control_line_ptr> done) override;
  /// `peer` runs on the guard's worker.
  void serve(std::function<void(plane::control_line_ptr)> peer) override;

  /// Closes the listener and every connection, soon, on the worker. Later dials are answered `closed`.
  void close();

  [[nodiscard]] const guard_counters& counters() const noexcept;

private:
  struct core;
  std::shared_ptr<core> core_;
  std::uint16_t port_ = 0;
};

} // namespace sluice::net
