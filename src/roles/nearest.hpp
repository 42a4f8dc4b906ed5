// Guesses what a mistyped word was meant to be. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::roles {

/// The word of `known` with the least edit distance from `unknown`; none when even that is more than half of
/// it away.
std::optional<std::string> nearest(std::string_view unknown, const std::vector<std::string>& known);

} // namespace sluice::roles
