// The web pages inside the binary: the files that web/ builds, as they are at build time, and which of them
// answers a request path. Immutable, any thread.
#pragma once

#include <span>
#include <string_view>

namespace sluice::net::http {

/// One file of the pages. The views live as long as the program.
struct embedded_file {
  std::string_view path;         ///< name without folder, e.g. `app-watch.js`
  std::string_view content_type; ///< value of Content-Type, with a charset where the file is text
  std::string_view body;         ///< the bytes
  std::string_view etag;         ///< value of ETag, quotes included; changes with the body (RFC 9110, 8.8.3)
};

/// All files, ordered by path.
std::span<const embedded_file> embedded_files();

/// The file that answers GET `target`, a path below the server's root without params: `/` is the list,
/// `/watch/<key>` the player, anything else a file by its name. Null when there is none.
const embedded_file* find_embedded_file(std::string_view target);

/// Content-Security-Policy under which the pages run: nothing but this server, WebSockets, and their own
/// media.
inline constexpr std::string_view pages_csp =
    "default-src 'self'; connect-src 'self' ws: wss:; media-src blob:; worker-src blob:; base-uri 'self'; "
    "frame-ancestors 'self'";

} // namespace sluice::net::http
