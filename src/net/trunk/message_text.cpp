#include "base/base64.hpp"
#include "net/trunk/messages.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace sluice::net::trunk {

namespace json = boost::json;

namespace {

json::array names(const std::vector<node_id>& path) {
  json::array out;
  for (const auto& id : path)
    out.emplace_back(id);
  return out;
}

json::object headers_object(const stream::headers& h) {
  return {{"metadata", to_base64(h.metadata)},
          {"video", to_base64(h.video)},
          {"audio", to_base64(h.audio)},
          {"since", h.since}};
}

void add(json::object& out, const introduction& who) {
  out["version"] = who.version;
  out["cluster"] = who.cluster;
  out["node"] = who.node;
  out["nonce"] = to_base64(who.nonce);
  out["proof"] = to_base64(who.proof);
}

void add(json::object& out, const log_state& log) {
  out["epoch"] = log.log_epoch.value;
  out["first"] = log.first;
  out["head"] = log.head;
  if (log.join) out["join"] = *log.join;
  out["timestamp"] = log.newest_timestamp;
  out["beat"] = log.beat;
  out["orphaned_since"] = log.orphaned_since;
  out["path"] = names(log.path);
  out["headers"] = headers_object(log.headers);
  out["has_audio"] = log.present.audio;
  out["has_video"] = log.present.video;
  out["video"] = log.video;
  out["audio"] = log.audio;
  out["width"] = log.width;
  out["height"] = log.height;
}

struct writer {
  json::object operator()(const challenge& m) const {
    return {{"type", "challenge"}, {"version", m.version}, {"nonce", to_base64(m.nonce)}};
  }
  json::object operator()(const hello& m) const {
    json::object out{{"type", "hello"}};
    if (m.who) add(out, *m.who);
    if (m.log) add(out, *m.log);
    if (m.from) out["from"] = *m.from;
    return out;
  }
  json::object operator()(const tick& m) const { return {{"type", "tick"}, {"head", m.head}}; }
  json::object operator()(const stream::beat& m) const {
    return {{"type", "beat"},
            {"n", m.number},
            {"origin", m.origin},
            {"publisher", m.publisher_live ? "live" : "grace"},
            {"timestamp", m.newest.timestamp},
            {"unix_ms", m.newest.unix_ms},
            {"made_ms", m.made_ms}};
  }
  json::object operator()(const path_change& m) const { return {{"type", "path"}, {"path", names(m.path)}}; }
  json::object operator()(const gap& m) const {
    return {{"type", "gap"}, {"from", m.from}, {"to", m.to}, {"headers", headers_object(m.headers)}};
  }
  json::object operator()(const end& m) const { return {{"type", "end"}, {"reason", name(m.reason)}}; }
  json::object operator()(const not_here&) const { return {{"type", "not_here"}}; }
  json::object operator()(const searching&) const { return {{"type", "searching"}}; }
  json::object operator()(const stale& m) const { return {{"type", "stale"}, {"epoch", m.newest.value}}; }
  json::object operator()(const release&) const { return {{"type", "release"}}; }
  json::object operator()(const failure& m) const {
    return {{"type", "error"}, {"code", m.code}, {"message", m.message.substr(0, max_explanation)}};
  }
  json::object operator()(const unknown& m) const { return {{"type", m.type}}; }
};

} // namespace

result<std::string> encode(const message& m) {
  auto text = json::serialize(std::visit(writer{}, m));
  if (text.size() > max_control_message)
    return error{errc::too_large, fmt::format("a trunk message of {} bytes, mostly headers; at most {}",
                                              text.size(), max_control_message)};
  return text;
}

} // namespace sluice::net::trunk
