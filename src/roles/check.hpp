// `sluice check`: tries what the options name without starting anything, and says a line for each.
#pragma once

#include "roles/options.hpp"

namespace sluice::roles {

/// Prints the lines to standard output. Returns what `main` returns: 0 when everything is usable, else 1.
int run_check(const options& chosen);

} // namespace sluice::roles
