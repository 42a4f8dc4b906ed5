// HTTP to etcd's JSON API: one request on a connection of its own, and a watch, which is a reply that does
// not end. The servers are tried in turn, and the one that answered is asked first the next time. Lives on
// one worker; its coroutines run there and own their sockets.
#pragma once

#include "base/host_port.hpp"
#include "net/core/worker.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net::etcd {

/// Reads `http://host:port[,http://...]`; without a port it is 2379. Errors: `bad_argument`, quoting the URL
/// (`https` is not spoken).
result<std::vector<host_port>> parse_urls(std::string_view text);

struct client_counters {
  counter requests; ///< sent, watches included
  counter failures; ///< refused, timed out, cut off, or answered with an error
};

class client {
public:
  /// `servers` is not empty. One attempt at one server has `limit`; name resolution counts, but a name
  /// server that does not answer may hold it longer.
  client(asio::io_context& io, std::vector<host_port> servers, std::chrono::milliseconds limit,
         client_counters& counters);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// POSTs `body` and returns the reply's. A server out of reach, or that says `unavailable`, hands on to the
  /// next; every server is tried once. Errors: `io`, `timed_out`, `too_large`, `closed` (after `close`), and
  /// as `failure_of`; the text names server and path.
  asio::awaitable<result<std::string>> post(std::string path, std::string body);

  /// The one asked first.
  [[nodiscard]] const host_port& server() const noexcept { return servers_[current_]; }
  [[nodiscard]] std::size_t server_count() const noexcept { return servers_.size(); }
  /// The server asked first answers nothing: asks the next one first.
  void next_server() noexcept { current_ = (current_ + 1) % servers_.size(); }

  /// Ends what is under way; nothing is sent any more.
  void close();

private:
  friend class watch_stream;
  struct connection;
  asio::awaitable<result<void>> connect(connection& to, const host_port& where);
  asio::awaitable<result<std::string>> post_to(host_port where, const std::string& path,
                                               const std::string& body);

  asio::io_context& io_;
  std::vector<host_port> servers_;
  std::chrono::milliseconds limit_;
  client_counters& counters_;
  std::size_t current_ = 0;
  std::set<connection*> open_;
  bool closed_ = false;
};

/// A POST whose reply is a line of JSON now and then.
class watch_stream {
public:
  explicit watch_stream(client& via);
  ~watch_stream();
  watch_stream(const watch_stream&) = delete;
  watch_stream& operator=(const watch_stream&) = delete;

  /// Asks the client's first server. Returns when the reply's header came. Errors as `client::post`.
  asio::awaitable<result<void>> open(std::string path, std::string body);
  /// The lines that came next, at least one. Waits without limit. Errors: `closed` (ended, or `close`), `io`,
  /// `malformed` (not HTTP), `too_large` (a line beyond `max_body`).
  asio::awaitable<result<std::vector<std::string>>> next();
  /// Ends it from without: `open` or `next` fails.
  void close();

private:
  asio::awaitable<result<void>> ask(std::string path, std::string body);
  asio::awaitable<result<void>> read_some();
  std::vector<std::string> take_lines();

  struct state;
  client& via_;
  std::unique_ptr<state> state_;
};

} // namespace sluice::net::etcd
