// What a trunk connection's upgrade request asks for: `/trunk/publish/KEY`, `/trunk/look/KEY` or
// `/trunk/play/KEY?epoch=&from=&mode=&avoid=`. Pure; any thread.
#pragma once

#include "cluster/enumeration.hpp"

#include <optional>

namespace sluice::net::trunk {

/// The longest target read.
constexpr std::size_t max_target = 2048;

struct request {
  enum class kind : std::uint8_t {
    play,    ///< send me the log
    publish, ///< take the log
    look     ///< say what you hold: the hello and the beats, no bytes
  };
  kind what;
  stream_key key;
  /// What the asker has: the log of `at` up to `from`; nothing when `at` is zero.
  epoch at;
  std::uint64_t from = 0;
  cluster::pull_mode mode = cluster::pull_mode::through;
  /// Nodes that must not be asked on the way: they wait for this answer themselves.
  std::vector<node_id> avoid;

  /// Reads a request target; unknown params are ignored. Errors: `not_found` (another path), `bad_argument`
  /// (key or param), `too_large`.
  static result<request> parse(std::string_view target);
  /// The target `parse` reads back.
  [[nodiscard]] std::string str() const;
};

} // namespace sluice::net::trunk
