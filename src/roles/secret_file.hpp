// The cluster's secret as operators keep it: the first line of a file. Read at start.
#pragma once

#include "base/result.hpp"

#include <string>

namespace sluice::roles {

/// The secret in `file`; empty when no file is named. Errors: `bad_argument` (unreadable, or shorter than 16
/// characters).
result<std::string> read_secret(const std::string& file);

} // namespace sluice::roles
