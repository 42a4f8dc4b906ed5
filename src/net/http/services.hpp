// What a node's HTTP server needs of the rest of the node. Assembled by roles before the workers start.
#pragma once

#include "net/core/socket.hpp"
#include "net/core/stream_hub.hpp"
#include "net/http/viewers_from.hpp"
#include "net/ingest/publisher_seats.hpp"
#include "net/viewer/viewer.hpp"
#include "plane/ports.hpp"
#include "stream/cursor.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace sluice::net {

using post_parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

/// A publisher's POST whose header was read: socket, bytes read beyond the header, parser, its place.
struct post_request {
  socket connection;
  boost::beast::flat_buffer buffer;
  std::unique_ptr<post_parser> header;
  stream_address address;
  publisher_seat seat;
};

/// One line of `/readyz`.
struct readiness_check {
  std::string name;
  bool ok = false;
  std::string detail;
};

struct http_services {
  node_id node;
  std::string role;
  std::string zone;
  std::string rtmp_url;              ///< where publishers reach this node; empty: it takes none
  stream_hub* hub = nullptr;         ///< null on a node without streams (directory)
  plane::control* control = nullptr; ///< null on a node without directories
  open_when open = open_when::ready; ///< what a viewer's request may start
  viewers_from from = viewers_from::anywhere;
  stream::cursor_options cursor;
  std::size_t max_connections = 20'000; ///< a worker
  std::size_t max_viewers = 20'000;     ///< a worker
  /// Whether the worker of that index has more to do than it can; any of the workers asks. Empty: never.
  std::function<bool(std::size_t worker)> overloaded;
  viewer_roster::options viewers;
  std::chrono::milliseconds header_deadline{10'000}; ///< for a request header, idle time before it included
  std::function<std::vector<readiness_check>()> readiness;
  std::function<void(post_request)> publish;              ///< takes a publisher's POST; empty: refused here
  std::function<result<publisher_seat>()> seat_publisher; ///< a place for it; set where `publish` is
  std::function<std::string()> metrics;                   ///< Prometheus text
};

} // namespace sluice::net
