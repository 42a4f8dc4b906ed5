// One trunk connection: a WebSocket of either side, as events and two kinds of writes. Kept alive by its
// pending operations; whoever uses it holds a reference and is told until `detach`. On one worker.
#pragma once

#include "net/core/socket.hpp"
#include "net/trunk/messages.hpp"
#include "stream/log_view.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include <chrono>

namespace sluice::net::trunk {

using upgrade_request = boost::beast::http::request<boost::beast::http::empty_body>;

/// What a link tells its user, never inside a call on the link. After `on_closed` nothing more comes.
class link_user {
public:
  virtual ~link_user() = default;
  /// The upgrade is done.
  virtual void on_open() = 0;
  virtual void on_text(std::string_view text) = 0;
  /// Log bytes, valid during the call; a message may come in parts.
  virtual void on_bytes(byte_view bytes) = 0;
  /// The bytes that did not all go out at once have gone out now: the next may be sent.
  virtual void on_sent() = 0;
  /// Errors: `malformed` (the peer breaks WebSocket), `closed`, `io`.
  virtual void on_closed(const error& why) = 0;
};

class link : public std::enable_shared_from_this<link> {
public:
  /// Written text that the peer has not taken: beyond so many messages it is dead.
  static constexpr std::size_t max_waiting_texts = 64;

  virtual ~link() = default;

  /// Sends after everything sent before. A message too large to be one ends the link.
  virtual void send(const message& m) = 0;
  /// The same for a message's text (`encode`).
  virtual void send(std::string_view text) = 0;
  /// Sends a message's text, unless it is empty, and log bytes of `view`, together. True: all went out.
  /// False: they are kept and follow; the next bytes may be sent after `on_sent`.
  virtual bool send(std::string_view text, const stream::log_bytes& bytes, const stream::log_view& view) = 0;
  /// To be called after this side spoke and while mostly the peer does (`net::acknowledge_reads`).
  virtual void acknowledge_reads() = 0;
  /// What waits is written, then the connection closes.
  virtual void close() = 0;
  /// Closes at once.
  virtual void abort() = 0;
  /// The user hears nothing more. Does not close.
  virtual void detach() = 0;

  /// Memory beside the link's own that a send touches, to be fetched ahead.
  [[nodiscard]] virtual const void* sends_through() const = 0;
  /// Since when the oldest write makes no progress; nothing when none is under way.
  [[nodiscard]] virtual std::optional<std::chrono::steady_clock::time_point> writing_since() const = 0;
  /// The peer's address, for logs.
  [[nodiscard]] virtual const std::string& peer() const = 0;
};
using link_ptr = std::shared_ptr<link>;

/// Connects to `address` (`host:port`) and asks for `target`. The user bounds the time.
link_ptr dial(worker& at, std::string address, std::string target, link_user& user);

/// Answers an upgrade request. The connection must belong to `at`. A message of more than `most` bytes ends
/// it.
link_ptr accept(worker& at, socket s, upgrade_request asked, link_user& user,
                std::size_t most = max_control_message);

} // namespace sluice::net::trunk
