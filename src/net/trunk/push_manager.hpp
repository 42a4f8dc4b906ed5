// Pushes: how an origin issues its streams to the relays that the enumeration names. One per origin.
#pragma once

#include "net/core/stream_hub.hpp"
#include "net/trunk/identity.hpp"
#include "net/trunk/push_session.hpp"
#include "plane/ports.hpp"

namespace sluice::net::trunk {

class push_manager {
public:
  /// `hub` and `control` outlive this.
  push_manager(stream_hub& hub, plane::control& control, identity self, push_options options, logger log);
  ~push_manager();

  /// A log of `h` began, with its path set. On its home worker.
  void start(const hosted_stream& h);
  /// The log of `log_epoch` is over: relays are sent the rest and why. On the home worker of `key`.
  void stop(const stream_key& key, epoch log_epoch);
  /// The relay list or policy changed: asks again for every stream, a little later. Any thread.
  void snapshot_changed();
  /// Closes every connection without an `end`. Posted to the workers. Idempotent.
  void stop_all();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace sluice::net::trunk
