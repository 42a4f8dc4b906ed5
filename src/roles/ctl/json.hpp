// What a directory said, as JSON for programs. Documented in docs/api.md. Pure.
#pragma once

#include "cluster/overview.hpp"
#include "plane/ports.hpp"

#include <boost/json/value.hpp>

namespace sluice::roles::ctl {

boost::json::value streams_json(const std::vector<cluster::stream_announcement>& streams);
/// The enumeration with `policy` and, for each rank of `order`, the node's own words under `node`.
boost::json::value explanation_json(boost::json::value enumeration, const boost::json::value& nodes,
                                    const cluster::directory_overview& about);
boost::json::value thaw_json(bool thawed, const std::vector<plane::directory_status>& directories);
boost::json::value policy_json(const cluster::directory_overview& about);

} // namespace sluice::roles::ctl
