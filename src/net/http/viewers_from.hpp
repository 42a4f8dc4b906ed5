// From where a node serves viewers. Pure; any thread.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstdint>

namespace sluice::net {

enum class viewers_from : std::uint8_t {
  loopback, ///< this machine only
  anywhere
};

/// Whether a viewer at `peer` is served. An IPv4 address counts the same within IPv6.
bool serves(viewers_from where, const boost::asio::ip::address& peer) noexcept;

} // namespace sluice::net
