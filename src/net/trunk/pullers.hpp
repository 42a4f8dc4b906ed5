// Pulls: how an edge or relay gets a stream it lacks. Makes the hub's on-demand feeders, and tells them when
// the relay list changed. One per node.
#pragma once

#include "cluster/upstream_choice.hpp"
#include "net/core/stream_hub.hpp"
#include "net/trunk/identity.hpp"
#include "net/trunk/relay_prober.hpp"
#include "plane/ports.hpp"

namespace sluice::net::trunk {

struct pull_options {
  /// A relay's pulls follow the distribution tree; an edge's follow its order.
  bool relay = false;
  std::string zone; ///< a relay's own
  cluster::upstream_options choice;
  std::chrono::milliseconds hold_for_push{300};  ///< a relay of the head waits so long for the origin
  std::chrono::milliseconds catch_up_limit{150}; ///< viewers wait no longer for a fresh log's newest part
  /// A stream found nowhere is not looked for again: the least wait of a viewer who came too early.
  std::chrono::milliseconds refusal_kept{200};
  std::chrono::milliseconds ask_again{1'000}; ///< after directories and snapshot had no answer
  std::chrono::milliseconds ask_jitter{500};  ///< spread of the questions after a new snapshot
  bool no_failover = false; ///< for tests of the tests: only ever the relay first named is asked
};

class puller;

/// What a node's pullers share. Outlives them.
struct pull_context {
  pull_context(identity who, pull_options chosen, plane::control& c, stream_hub& h, logger l);

  identity self;
  pull_options options;
  plane::control& control;
  stream_hub& hub;
  logger log;
  cluster::relay_health health;
  std::shared_ptr<relay_prober> prober;
  std::vector<std::vector<puller*>> pulling;   ///< by worker index
  std::vector<cluster::relay_loads_ptr> loads; ///< by worker index
};

class pullers {
public:
  /// `hub` and `control` outlive this, and this outlives the hub's streams: stop the hub first.
  pullers(stream_hub& hub, plane::control& control, identity self, pull_options options, logger log);
  ~pullers();

  /// For `stream_hub::on_demand`.
  [[nodiscard]] stream_hub::feeder_factory factory();
  /// The relay list or policy changed: each puller asks again, a little later. Any thread.
  void snapshot_changed();
  /// The loads of the relays, for the choice among the leading ranks. Any thread.
  void set_loads(cluster::relay_loads loads);
  /// The relays that fail for this node, for its heartbeats: the longest failing first, a bounded number. Any
  /// thread.
  [[nodiscard]] std::vector<node_id> failing() const;

private:
  std::shared_ptr<pull_context> context_;
};

} // namespace sluice::net::trunk
