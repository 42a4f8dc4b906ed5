#include "cluster/model.hpp"

namespace sluice::cluster {

std::string_view name(node_role role) noexcept {
  switch (role) {
  case node_role::origin:
    return "origin";
  case node_role::relay:
    return "relay";
  case node_role::edge:
    return "edge";
  case node_role::directory:
    return "directory";
  }
  return "unknown";
}

std::string_view name(relay_state state) noexcept {
  switch (state) {
  case relay_state::ready:
    return "ready";
  case relay_state::joining:
    return "joining";
  case relay_state::draining:
    return "draining";
  case relay_state::failing:
    return "failing";
  case relay_state::suspect:
    return "suspect";
  }
  return "unknown";
}

std::string_view name(publisher_state state) noexcept {
  switch (state) {
  case publisher_state::live:
    return "live";
  case publisher_state::grace:
    return "grace";
  }
  return "unknown";
}

std::string_view name(liveness value) noexcept {
  switch (value) {
  case liveness::live:
    return "live";
  case liveness::not_live:
    return "not_live";
  case liveness::unknown:
    return "unknown";
  }
  return "unknown";
}

} // namespace sluice::cluster
