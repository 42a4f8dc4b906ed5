// The nodes of a cluster as its independent directories see them, put together for people. Pure; any thread.
#pragma once

#include "cluster/model.hpp"

namespace sluice::cluster {

/// Adds what one more directory said to `all`, both in any order; sorted by id afterwards, one entry a node.
/// What counts of a node is the word of who hears it rather than of who only has it from the store, of its
/// newer boot, of who heard it last; `heard_by` names everyone who hears it.
void merge_nodes(std::vector<node_view>& all, std::vector<node_view> more);

} // namespace sluice::cluster
