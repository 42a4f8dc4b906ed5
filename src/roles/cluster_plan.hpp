// Which nodes a process runs and on which ports. Pure.
#pragma once

#include "roles/node.hpp"

namespace sluice::roles {

/// The node of a single role, or the nodes of `--role all` in the order they start: directories, relays,
/// origins, edges. `host_name`: for default node ids. `chosen` was validated.
std::vector<node_identity> plan_nodes(const options& chosen, const std::string& host_name);

} // namespace sluice::roles
