// What a fallible function returns: a value or an `error`. Used by every layer, on any thread.
// Exceptions are kept for bugs and for start-up.
#pragma once

#include <boost/system/result.hpp>

#include <string>
#include <string_view>

namespace sluice {

/// Classes of failure a caller may want to tell apart; the text beside it is for people.
enum class errc : unsigned char {
  malformed = 1, ///< bytes or text that break their format
  too_large,     ///< a claimed or actual size beyond a named limit
  unsupported,   ///< well-formed, but not something Sluice does
  bad_argument,  ///< a flag, key or parameter with an unusable value
  unauthorized,  ///< the peer may not do this
  not_found,     ///< no such thing
  not_live,      ///< the stream exists nowhere at this moment
  conflict,      ///< somebody else holds it (second publisher)
  stale,         ///< older than what is already known (lower epoch)
  timed_out,     ///< no answer within the limit
  closed,        ///< the peer or the node went away
  unavailable,   ///< out of capacity, or not ready yet
  io             ///< an operating system call failed
};

/// The word used for `code` in JSON errors, logs and metrics.
std::string_view name(errc code) noexcept;

/// A failure: its class and a sentence that names the thing (flag, key, field, offset).
struct error {
  errc code;
  std::string message;
  bool operator==(const error&) const = default;
};

template <class T = void>
using result = boost::system::result<T, error>;

/// Called by `result::value()` on an error; a bug of the caller, therefore an exception.
[[noreturn]] void throw_exception_from_error(const error& e, const boost::source_location& where);

} // namespace sluice
