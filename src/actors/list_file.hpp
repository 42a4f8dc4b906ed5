// The last relay list on disk, so that a node starts without any directory. Used by the agent, on its thread.
#pragma once

#include "cluster/model.hpp"

namespace sluice::actors {

struct saved_list {
  cluster::snapshot list;
  std::uint64_t saved_unix_ms = 0;
};

/// Writes beside the file and renames, so that a reader never sees half of it. Errors: `io`, naming the path.
result<void> save_list(const std::string& path, const cluster::snapshot& list);

/// Errors: `not_found` (no file), `io`, and as `cluster::snapshot_from_json`.
result<saved_list> load_list(const std::string& path);

} // namespace sluice::actors
