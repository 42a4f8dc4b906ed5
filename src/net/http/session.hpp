// One HTTP connection from accept until it is answered, or has become a viewer or a publisher. A coroutine on
// its worker.
#pragma once

#include "net/http/admission.hpp"
#include "net/http/services.hpp"
#include "net/viewer/viewer.hpp"

#include <boost/intrusive/list.hpp>

namespace sluice::net {

/// A connection that waits for a request or writes an answer; closed when the server stops.
struct http_connection
    : boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  explicit http_connection(socket s) : connection(std::move(s)) {}
  socket connection;
};

/// What one worker's part of the HTTP server has; on that worker.
struct http_site {
  http_site(worker& w, std::shared_ptr<const http_services> s, logger l)
      : at(w), services(std::move(s)), log(std::move(l)),
        viewers(std::make_shared<viewer_roster>(w, services->viewers)),
        door(services->max_viewers, overloaded(), log) {}

  void close_connections();

  worker& at;
  std::shared_ptr<const http_services> services;
  logger log;
  std::shared_ptr<viewer_roster> viewers;
  boost::intrusive::list<http_connection, boost::intrusive::constant_time_size<false>> connections;
  admission door;
  bool stopped = false;

private:
  [[nodiscard]] std::function<bool()> overloaded() const {
    if (!services->overloaded) return {};
    return [s = services, index = at.index()] { return s->overloaded(index); };
  }
};

/// Serves the connection; closes it at once when the site has too many.
void start_http_session(std::shared_ptr<http_site> site, socket s);

} // namespace sluice::net
