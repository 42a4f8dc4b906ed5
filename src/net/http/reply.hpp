// An HTTP answer before it becomes bytes. Values; any thread.
#pragma once

#include "base/result.hpp"

#include <boost/beast/http/status.hpp>

#include <string>
#include <utility>
#include <vector>

namespace sluice::net {

struct http_reply {
  boost::beast::http::status status = boost::beast::http::status::ok;
  std::string content_type = "application/json";
  std::string body;            ///< owned text, or
  std::string_view fixed_body; ///< bytes that live as long as the program; wins if not empty
  bool endless = false;        ///< the answer to a HEAD where a GET's body would have no length
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The status for each class of failure.
boost::beast::http::status status_for(errc code) noexcept;

/// `{"error": code, "message": ...}` in one line.
http_reply error_reply(const error& e);
http_reply error_reply(boost::beast::http::status status, std::string_view code, std::string_view message);

} // namespace sluice::net
