#include "net/http/api.hpp"

#include "net/core/await_reply.hpp"
#include "net/http/api_json.hpp"
#include "net/http/embedded_files.hpp"

#include <algorithm>
#include <map>

namespace sluice::net {

namespace {

namespace json = boost::json;
using boost::beast::http::status;

http_reply json_reply(const json::value& body) {
  http_reply reply;
  reply.body = json::serialize(body) + "\n";
  reply.headers = {{"Cache-Control", "no-store"}};
  return reply;
}

http_reply text_reply(std::string body, status code = status::ok) {
  http_reply reply;
  reply.status = code;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = std::move(body);
  return reply;
}

http_reply page(const http_target& target, std::string_view if_none_match) {
  const auto* file = http::find_embedded_file(target.path);
  if (!file) return error_reply(status::not_found, "not_found", "no such page; streams are listed at /");
  http_reply reply;
  reply.content_type = file->content_type;
  reply.headers = {{"ETag", std::string(file->etag)},
                   {"Cache-Control", "no-cache"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Content-Security-Policy", std::string(http::pages_csp)}};
  if (if_none_match == file->etag)
    reply.status = status::not_modified;
  else
    reply.fixed_body = file->body;
  return reply;
}

http_reply readiness(const http_services& services) {
  json::array checks;
  bool ready = true;
  for (const auto& check : services.readiness()) {
    ready = ready && check.ok;
    checks.push_back(json::object{{"name", check.name}, {"ok", check.ok}, {"detail", check.detail}});
  }
  auto reply = json_reply(
      json::object{{"ready", ready}, {"node", services.node}, {"role", services.role}, {"checks", checks}});
  if (!ready) reply.status = status::service_unavailable;
  return reply;
}

asio::awaitable<std::vector<stream_status>> local_streams(const http_services& services, worker& at) {
  if (!services.hub) co_return std::vector<stream_status>{};
  co_return co_await await_reply<std::vector<stream_status>>(
      [&](auto done) { services.hub->list(at, done); });
}

asio::awaitable<http_reply> streams(const http_services& services, worker& at) {
  auto here = co_await local_streams(services, at);
  if (!services.control) co_return json_reply(streams_json(nullptr, here));
  using listed = result<plane::stream_list>;
  auto all = co_await await_reply<listed>([&](auto done) { services.control->streams(at, done); });
  co_return json_reply(streams_json(all ? &*all : nullptr, here));
}

// What the directories say of the stream; `unavailable` where there are none to ask.
asio::awaitable<result<cluster::enumeration>> enumerate(const http_services& services, worker& at,
                                                        const stream_key& key) {
  using answer = result<cluster::enumeration>;
  if (!services.control) co_return answer(error{errc::unavailable, "this node has no directory"});
  co_return co_await await_reply<answer>([&](auto done) { services.control->enumerate(key, at, done); });
}

error not_live(const stream_key& key) {
  return {errc::not_live, fmt::format("{} is not live", key.str())};
}

asio::awaitable<http_reply> one_stream(const http_services& services, worker& at, const stream_key& key) {
  stream_status here;
  if (services.hub)
    here = co_await await_reply<stream_status>([&](auto done) { services.hub->status(key, at, done); });
  if (here.live)
    co_return json_reply(stream_json(services.node, services.zone, key, here, cluster::liveness::live));
  auto found = co_await enumerate(services, at, key);
  auto live = found ? found->live : cluster::liveness::unknown;
  if (live == cluster::liveness::not_live || !services.control) co_return error_reply(not_live(key));
  co_return json_reply(stream_json(services.node, services.zone, key, here, live));
}

asio::awaitable<http_reply> enumeration(const http_services& services, worker& at, const stream_key& key) {
  auto found = co_await enumerate(services, at, key);
  if (!found) co_return error_reply(found.error());
  co_return json_reply(enumeration_json(key, services.zone, *found));
}

asio::awaitable<http_reply> nodes(const http_services& services, worker& at, bool edges_only) {
  using listed = result<std::vector<cluster::node_view>>;
  // A node on its own knows of no other edge, and its pages ask.
  if (!services.control && edges_only) co_return json_reply(edges_json({}));
  if (!services.control) co_return error_reply({errc::unavailable, "this node has no directory"});
  auto all = co_await await_reply<listed>([&](auto done) { services.control->nodes(at, done); });
  if (!all) co_return error_reply(all.error());
  if (edges_only) co_return json_reply(edges_json(*all));
  co_return json_reply(nodes_json(*all, services.control->status().directories));
}

// Where publishers go: to this node, if it is an origin, and to the other origins the directories know of.
asio::awaitable<http_reply> publish_addresses(const http_services& services, worker& at) {
  using listed = result<std::vector<cluster::node_view>>;
  listed all = std::vector<cluster::node_view>{};
  if (services.control)
    all = co_await await_reply<listed>([&](auto done) { services.control->nodes(at, done); });
  co_return json_reply(publish_json(services.rtmp_url, all ? *all : std::vector<cluster::node_view>{}));
}

} // namespace

asio::awaitable<http_reply> answer_head(const http_services& services, worker& at, const stream_key& key) {
  http_reply live;
  live.content_type = "video/x-flv";
  live.endless = true;
  if (services.hub) {
    auto here = co_await await_reply<stream_status>([&](auto done) { services.hub->status(key, at, done); });
    if (here.live) co_return live;
  }
  if (services.open != open_when::ready) co_return error_reply(not_live(key));
  auto found = co_await enumerate(services, at, key);
  if (found && found->live == cluster::liveness::live) co_return live;
  co_return error_reply(not_live(key));
}

asio::awaitable<http_reply> answer(const http_services& services, worker& at, const http_target& target,
                                   std::string_view if_none_match) {
  switch (target.kind) {
  case target_kind::page:
    co_return page(target, if_none_match);
  case target_kind::api_streams:
    co_return co_await streams(services, at);
  case target_kind::api_stream:
    co_return co_await one_stream(services, at, *target.key);
  case target_kind::api_nodes:
    co_return co_await nodes(services, at, false);
  case target_kind::api_edges:
    co_return co_await nodes(services, at, true);
  case target_kind::api_publish:
    co_return co_await publish_addresses(services, at);
  case target_kind::api_enumerate:
    co_return co_await enumeration(services, at, *target.key);
  case target_kind::livez:
    co_return text_reply("ok\n");
  case target_kind::readyz:
    co_return readiness(services);
  case target_kind::metrics: {
    auto reply = text_reply(services.metrics());
    reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    co_return reply;
  }
  case target_kind::stream:
    break;
  }
  co_return error_reply(status::not_found, "not_found", "no such resource");
}

} // namespace sluice::net
