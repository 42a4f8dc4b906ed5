#include "net/http/reply.hpp"

#include <boost/json.hpp>

namespace sluice::net {

using boost::beast::http::status;

status status_for(errc code) noexcept {
  switch (code) {
  case errc::malformed:
  case errc::unsupported:
  case errc::bad_argument:
    return status::bad_request;
  case errc::too_large:
    return status::payload_too_large;
  case errc::unauthorized:
    return status::unauthorized;
  case errc::not_found:
  case errc::not_live:
    return status::not_found;
  case errc::conflict:
    return status::conflict;
  case errc::stale:
  case errc::timed_out:
  case errc::closed:
  case errc::unavailable:
    return status::service_unavailable;
  case errc::io:
    break;
  }
  return status::internal_server_error;
}

http_reply error_reply(status code, std::string_view word, std::string_view message) {
  http_reply reply;
  reply.status = code;
  if (code == status::service_unavailable) reply.headers = {{"Retry-After", "1"}};
  reply.body = boost::json::serialize(boost::json::object{{"error", word}, {"message", message}}) + "\n";
  return reply;
}

http_reply error_reply(const error& e) {
  return error_reply(status_for(e.code), name(e.code), e.message);
}

} // namespace sluice::net
