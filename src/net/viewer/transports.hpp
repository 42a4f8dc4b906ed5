// The two ways bytes reach a viewer: WebSocket messages, or the body of an HTTP response that ends with the
// connection. On the viewer's worker.
#pragma once

#include "net/core/socket.hpp"
#include "net/viewer/viewer.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

namespace sluice::net {

using http_request = boost::beast::http::request<boost::beast::http::string_body>;

/// Answers the upgrade in `request` with 101 (and the `Sluice-Log` header), then serves the viewer.
void serve_websocket(socket s, http_request request, std::shared_ptr<audience> log,
                     stream::cursor_options options, std::shared_ptr<viewer_roster> roster);

/// Answers with 200 and FLV without length (and the `Sluice-Log` header), then serves the viewer.
void serve_http_flv(socket s, std::shared_ptr<audience> log, stream::cursor_options options,
                    std::shared_ptr<viewer_roster> roster);

} // namespace sluice::net
