// An address as operators write it: `host:port`, `[v6]:port` or `:port`. Pure value; any thread.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

struct host_port {
  std::string host;       ///< name or literal, v6 without brackets; empty: every interface
  std::uint16_t port = 0; ///< 0: a free one, chosen by the system

  /// Reads `127.0.0.1:7700`, `[::1]:7700`, `relay-1.example:8500` or `:8080`. Error: `bad_argument`, which
  /// quotes the text.
  static result<host_port> parse(std::string_view text);

  /// The text `parse` reads back.
  [[nodiscard]] std::string str() const;

  /// Whether only this machine can reach the address: 127.0.0.0/8, ::1 or `localhost`.
  [[nodiscard]] bool loopback() const noexcept;

  bool operator==(const host_port&) const = default;
};

} // namespace sluice
