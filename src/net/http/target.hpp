// What an HTTP request line asks for. Pure; any thread.
#pragma once

#include "base/ids.hpp"

#include <optional>

namespace sluice::net {

enum class target_kind : std::uint8_t {
  stream,        ///< `/<key>.flv` or `/<key>.live.flv`: a viewer, or a publisher's POST
  page,          ///< `/`, `/watch/<key>` and the pages' files
  api_streams,   ///< `/api/v1/streams`
  api_stream,    ///< `/api/v1/streams/<key>`
  api_nodes,     ///< `/api/v1/nodes`
  api_edges,     ///< `/api/v1/edges`
  api_publish,   ///< `/api/v1/publish`
  api_enumerate, ///< `/api/v1/enumerate/<key>`
  livez,
  readyz,
  metrics
};

struct http_target {
  target_kind kind = target_kind::page;
  std::string path;              ///< of a page, as sent, without params
  std::optional<stream_key> key; ///< where the kind has one
  std::string params;            ///< what followed `?`
};

/// Reads the request target in origin form (RFC 9112 section 3.2.1). Errors: `bad_argument` (not a path, a
/// bad stream key), `not_found` (an unknown path below `/api/`).
result<http_target> parse_target(std::string_view request_target);

} // namespace sluice::net
