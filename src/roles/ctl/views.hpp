// What a directory said, laid out for people. Pure; `now_unix_ms` is an argument.
#pragma once

#include "cluster/overview.hpp"
#include "plane/ports.hpp"

#include <string>
#include <vector>

namespace sluice::roles::ctl {

/// Of `directories`, which were asked, those that did not answer have rows, too.
std::string nodes_view(const std::vector<cluster::node_view>& nodes,
                       const std::vector<plane::directory_status>& directories);
std::string thaw_view(bool thawed, const std::vector<plane::directory_status>& directories);
std::string streams_view(const std::vector<cluster::stream_announcement>& streams, std::uint64_t now_unix_ms);
std::string enumeration_view(const std::string& key, const std::string& zone,
                             const cluster::enumeration& found);
/// Each relay with what made its rank.
std::string explanation_view(const std::string& key, const std::string& zone,
                             const cluster::enumeration& found, const std::vector<cluster::node_view>& nodes,
                             const cluster::directory_overview& about);
std::string policy_view(const cluster::directory_overview& about, std::uint64_t now_unix_ms);

} // namespace sluice::roles::ctl
