// The JSON shapes of `/api/v1`, from plain values. Pure; any thread. Documented in docs/api.md.
#pragma once

#include "cluster/model.hpp"
#include "net/core/stream_hub.hpp"
#include "plane/ports.hpp"

#include <boost/json.hpp>

namespace sluice::net {

/// `/api/v1/streams`: the directories' list (null: none was ever heard) with what is served here.
boost::json::value streams_json(const plane::stream_list* all, const std::vector<stream_status>& here);

/// A stream as its origin announced it: a row of `/api/v1/streams`.
boost::json::object announcement_json(const cluster::stream_announcement& s);

/// `/api/v1/streams/<key>` as this node sees it.
boost::json::value stream_json(const node_id& node, const std::string& zone, const stream_key& key,
                               const stream_status& here, cluster::liveness live);

/// `/api/v1/enumerate/<key>`: who would serve it for this node, in which order and why.
boost::json::value enumeration_json(const stream_key& key, const std::string& zone,
                                    const cluster::enumeration& e);

/// Of `directories` those that do not answer, with the reason.
boost::json::array unreached_json(const std::vector<plane::directory_status>& directories);

/// `/api/v1/nodes`: everybody whom a directory hears, and of `directories` those that do not answer.
boost::json::value nodes_json(const std::vector<cluster::node_view>& nodes,
                              const std::vector<plane::directory_status>& directories);

/// Of `/api/v1/publish`: `own` unless empty, and the RTMP addresses of the other origins.
boost::json::value publish_json(const std::string& own, const std::vector<cluster::node_view>& nodes);

/// `/api/v1/edges`: where a page may go when its edge goes away.
boost::json::value edges_json(const std::vector<cluster::node_view>& nodes);

} // namespace sluice::net
