// A node's side of the control plane, for load: connections to one directory over the guard, each with an
// actor system of its own, which keeps nodes registered and has a window of enumerations under way.
#pragma once

#include "actors/system.hpp"
#include "net/control/guard.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace sluice::load {

/// What came of the questions.
struct tally {
  std::uint64_t answers = 0, failures = 0;
  std::vector<std::uint32_t> took_us; ///< of each answer

  tally& operator+=(const tally& other);
  /// One line; sorts.
  std::string json(double seconds);
};

class directory_link {
public:
  /// Errors: as `control_sockets::dial`; `timed_out`.
  static result<std::unique_ptr<directory_link>> connect(net::guard& sockets, const std::string& address);
  ~directory_link();

  /// Registers node `number`, a relay or an edge. Errors: the directory's.
  result<void> enter(std::size_t number, bool relay);
  /// From now on heartbeats for every node that entered, each `period`.
  void keep_alive(std::chrono::milliseconds period);
  /// From now on `window` enumerations are under way, of `keys` streams in turn; asked as a node asks that
  /// has the directory's list.
  void ask(std::size_t window, std::size_t keys);
  /// No more of either; what came of them.
  tally stop();

  /// Types and the peer, for a conversation that is written by hand.
  [[nodiscard]] actors::directory_actor directory() const { return directory_; }
  caf::actor_system& types() { return system_.get(); }

private:
  directory_link() : self_(system_.get()) {}

  actors::system system_;
  caf::scoped_actor self_;
  actors::directory_actor directory_;
  std::vector<cluster::node_heartbeat> nodes_;
  caf::actor beats_, asker_;
  std::shared_ptr<tally> got_ = std::make_shared<tally>(); // the asker's until it has ended
};

} // namespace sluice::load
