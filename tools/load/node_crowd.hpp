// Very many nodes with a control connection each, from one process: every one proves itself, registers,
// watches and sends heartbeats, and is to the directory a node like any other. What the directory sends is
// looked at as far as the conversation needs, and counted. Owned by whoever measures; works on one worker.
#pragma once

#include "net/core/worker.hpp"
#include "node_words.hpp"

#include <memory>

namespace sluice::load {

struct crowd_options {
  std::string directory; ///< HOST:PORT of numbers
  std::size_t first = 0; ///< the first node's number
  std::size_t count = 0;
  std::chrono::milliseconds period{1000}; ///< of a node's heartbeats
};

struct crowd_tally {
  std::uint64_t listed = 0;             ///< nodes that were registered and had the first list
  std::uint64_t beats = 0, renewed = 0; ///< heartbeats sent; answered that the lease goes on
  std::uint64_t news = 0;               ///< lists and loads sent unasked
  std::uint64_t lost = 0;               ///< nodes refused or disconnected

  [[nodiscard]] std::string json() const;
};

class node_crowd {
public:
  /// `home` and what `words` needs outlive the crowd's `stop`.
  node_crowd(net::worker& home, node_words words, crowd_options options);
  /// Stops.
  ~node_crowd();
  node_crowd(const node_crowd&) = delete;
  node_crowd& operator=(const node_crowd&) = delete;

  /// Returns when all are listed; heartbeats go on. Called once. Errors: the first node's that failed;
  /// `bad_argument` (the address); `timed_out`.
  result<void> enter(std::chrono::milliseconds limit);
  /// Closes every connection; what came of them.
  crowd_tally stop();

private:
  struct core;
  std::shared_ptr<core> core_;
};

} // namespace sluice::load
