// How long a node waits for its directories. Values; any thread.
#pragma once

#include <chrono>

namespace sluice::actors {

struct control_limits {
  std::chrono::milliseconds heartbeat{1000}; ///< interval, jittered by a tenth
  std::chrono::milliseconds request{1000};   ///< registering, beats, lists
  std::chrono::milliseconds handshake{2000}; ///< CAF's, after the guard's
  std::chrono::milliseconds enumerate{175};  ///< per directory
  std::chrono::milliseconds ask_another{40}; ///< a directory that owes an enumeration: the next is asked too
  std::chrono::milliseconds recall{200};     ///< all directories at once
  std::chrono::milliseconds redial_least{100}; ///< doubled on each failure, jittered by half
  std::chrono::milliseconds redial_most{1500};
  std::chrono::milliseconds lease_period{5000}; ///< the directories'; for the merging of lists
  std::chrono::milliseconds leave{300};         ///< at the end, to be dropped at once
};

} // namespace sluice::actors
