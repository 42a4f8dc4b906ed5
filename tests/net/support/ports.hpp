// Ports for tests that must know one before anybody listens on it. Any thread.
#pragma once

#include <cstdint>

namespace sluice::test {

/// A loopback port that nobody listens on, handed out once on this machine while this process lives. From
/// below the range that outgoing connections get their ports from.
std::uint16_t free_port();

} // namespace sluice::test
