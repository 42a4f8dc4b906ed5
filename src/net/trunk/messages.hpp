// The trunk's control messages (docs/trunk.md): values, their JSON text, and reading it back. Unknown fields
// are ignored and unknown types skipped, so nodes of two versions understand each other. Pure; any thread.
#pragma once

#include "net/core/secret.hpp"
#include "stream/log_delta.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace sluice::net::trunk {

constexpr std::string_view subprotocol = "sluice.trunk.1";
constexpr std::uint32_t version = 1;
/// Bytes of one control message; a hello carries the headers in force.
constexpr std::size_t max_control_message = 256 * 1024;
/// The same for a puller, which sends no headers.
constexpr std::size_t max_puller_message = 16 * 1024;
/// Log bytes in one binary message: a big keyframe must not block the ticks.
constexpr std::size_t max_piece = 64 * 1024;
/// Names in a path or an `avoid` list that are read at all; longer lists are refused.
constexpr std::size_t max_path_names = 16;
/// Characters of an error's message; a longer one is cut when it is sent.
constexpr std::size_t max_explanation = 512;
/// How often who sends a log, and who takes a push, says that it lives.
constexpr std::chrono::milliseconds tick_interval{200};

/// The server's first message.
struct challenge {
  std::uint32_t version = trunk::version;
  net::nonce nonce{};
  bool operator==(const challenge&) const = default;
};

/// Who speaks, and the proof that it knows the cluster's secret; in the first hello of each side.
struct introduction {
  std::uint32_t version = trunk::version;
  std::string cluster;
  node_id node;
  net::nonce nonce{};
  mac proof{};
  bool operator==(const introduction&) const = default;
};

/// A log as the node that sends it holds it.
struct log_state {
  epoch log_epoch;
  std::uint64_t first = 0;            ///< oldest offset retained
  std::uint64_t head = 0;             ///< behind the newest tag
  std::optional<std::uint64_t> join;  ///< the newest join point
  std::uint32_t newest_timestamp = 0; ///< ms
  std::uint64_t beat = 0;             ///< the newest beat's number, 0: none yet
  std::uint64_t orphaned_since = 0;   ///< unix ms, 0: the origin is in reach
  std::vector<node_id> path;          ///< from the origin to the sender
  stream::headers headers;            ///< in force at `first`
  stream::tracks present;
  std::string video, audio;            ///< FourCC text for people; may be empty
  std::uint32_t width = 0, height = 0; ///< 0: not known
};

/// Both ways after the challenge; again from the sender of a log when a newer epoch follows.
struct hello {
  std::optional<introduction> who;
  std::optional<log_state> log;      ///< from the side that sends a log
  std::optional<std::uint64_t> from; ///< offset of the next log byte on this connection
};

/// The hop lives; `head` is the sender's.
struct tick {
  std::uint64_t head = 0;
};
/// The sender's way from the origin changed.
struct path_change {
  std::vector<node_id> path;
};
/// The sender no longer has [from, to): the next log byte is `to`, with these headers in force there.
struct gap {
  std::uint64_t from = 0, to = 0;
  stream::headers headers;
};
struct end {
  stream::end_reason reason = stream::end_reason::ended;
};
/// The stream is not here, and was not found through this node.
struct not_here {};
/// This node looks for the stream; its answer takes longer than a hello may.
struct searching {};
/// The receiver knows a newer epoch.
struct stale {
  epoch newest;
};
/// The origin is to push elsewhere: the relay finds another upstream while bytes still come, then closes.
struct release {};
/// Why the sender closes the connection.
struct failure {
  std::string code, message;
};
/// A type this version does not know.
struct unknown {
  std::string type;
};

using message = std::variant<challenge, hello, tick, stream::beat, path_change, gap, end, not_here, searching,
                             stale, release, failure, unknown>;

/// JSON text of `m`. Error: `too_large` (a hello or gap whose headers make it exceed `max_control_message`).
result<std::string> encode(const message& m);

/// Reads one message. Errors: `too_large`, `malformed` (JSON, or a field that is missing or wrong, named).
result<message> parse(std::string_view text);

} // namespace sluice::net::trunk
