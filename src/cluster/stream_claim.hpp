// Whether an origin may take over a stream that relays hold from an earlier log, and where its own log has to
// start: judged by what the relays say of that log. Pure, time is an argument; owned by one question.
#pragma once

#include "base/ids.hpp"

#include <chrono>
#include <map>
#include <optional>

namespace sluice::cluster {

struct claim_options {
  using ms = std::chrono::milliseconds;
  ms answer_limit{200}; ///< a relay that has not answered by then is not waited for
  ms silent_limit{700}; ///< a log without a new beat for so long is nobody's any more
  ms live_margin{1500}; ///< a log taken from a live publisher grows for so long at most until it is replaced
  ms most_absence{60'000}; ///< a longer one is not made up for in timestamps
};

/// A log as a relay holds it.
struct held_log {
  node_id origin;
  epoch log_epoch;
  std::uint32_t newest_timestamp = 0; ///< ms
};

/// A beat of that log.
struct held_beat {
  std::uint64_t number = 0;
  bool publisher_live = true;
  std::uint32_t timestamp = 0; ///< ms, of the newest tag when the origin made it ...
  std::uint64_t unix_ms = 0;   ///< ... and when the origin got that tag
};

struct claim_verdict {
  bool live = false;                 ///< somebody publishes it at `origin`
  node_id origin;                    ///< who has the newest log known; empty: no relay has any
  epoch last;                        ///< of that log
  std::uint32_t first_timestamp = 0; ///< ms, where the next log starts, so that it is later than that one
};

class stream_claim {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// `self` asks, and asked all `relays` at `now`.
  stream_claim(node_id self, const std::vector<node_id>& relays, time_point now, claim_options options = {});

  /// What `relay` holds; once more when a newer log followed.
  void holds(const node_id& relay, const held_log& log);
  /// A beat that came from `relay`. The first one may be an old one, told again.
  void beat(const node_id& relay, const held_beat& b);
  /// Nothing more will come from `relay`.
  void over(const node_id& relay);

  /// The verdict, as soon as there is one. A log is live when a new beat of it comes whose publisher is
  /// there. With `at_once` nobody waits to see whether it is: it may be, then.
  [[nodiscard]] std::optional<claim_verdict> verdict(bool at_once, time_point now,
                                                     std::uint64_t now_unix_ms) const;
  /// When the verdict may come without another word of any relay.
  [[nodiscard]] time_point next_look(time_point now) const;

private:
  struct answer {
    std::optional<held_log> log;
    std::optional<held_beat> first, newest;
    bool over = false;
  };

  [[nodiscard]] const held_log* newest_log() const;
  [[nodiscard]] claim_verdict found(const held_log& log, bool live, std::uint64_t now_unix_ms) const;

  claim_options options_;
  node_id self_;
  time_point asked_at_;
  std::map<node_id, answer> answers_;
};

} // namespace sluice::cluster
