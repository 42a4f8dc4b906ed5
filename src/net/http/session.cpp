#include "net/http/session.hpp"

#include "net/core/await_reply.hpp"
#include "net/http/api.hpp"
#include "net/http/linger.hpp"
#include "net/viewer/transports.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>

namespace sluice::net {

namespace {

namespace beast = boost::beast;
namespace http_ = beast::http;
using namespace boost::asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

constexpr std::uint32_t max_header_bytes = 8 * 1024;
constexpr auto write_deadline = 10s;

class session {
public:
  session(std::shared_ptr<http_site> site, socket s)
      : site_(std::move(site)), held_(std::move(s)), timer_(site_->at.io()) {
    site_->connections.push_back(held_);
    counters().connections.add();
    counters().current.add();
  }
  ~session() { counters().current.sub(); }

  asio::awaitable<void> run() {
    for (bool more = !site_->stopped; more;)
      more = co_await one_request();
  }

private:
  http_counters& counters() { return site_->at.counters().http; }
  [[nodiscard]] const http_services& services() const { return *site_->services; }

  /// Whether the connection stays for another request.
  asio::awaitable<bool> one_request() {
    parser_ = std::make_unique<post_parser>();
    parser_->header_limit(max_header_bytes);
    parser_->body_limit(boost::none);
    beast::error_code failed;
    timer_.expires_after(services().header_deadline);
    auto outcome = co_await (http_::async_read_header(held_.connection, buffer_, *parser_,
                                                      asio::redirect_error(asio::use_awaitable, failed)) ||
                             timer_.async_wait(asio::use_awaitable));
    if (outcome.index() == 1) co_return false;
    if (failed) {
      if (failed != http_::error::end_of_stream && failed != asio::error::operation_aborted)
        co_await say_bad(failed);
      co_return false;
    }
    counters().requests.add();
    co_return co_await dispatch();
  }

  asio::awaitable<void> say_bad(beast::error_code why) {
    // The category's name tells HTTP's own errors from a connection that broke.
    if (why.category() != http_::make_error_code(http_::error::bad_method).category()) co_return;
    co_await respond(
        error_reply(http_::status::bad_request, "malformed", "not an HTTP/1.1 request: " + why.message()),
        false);
  }

  asio::awaitable<bool> dispatch() {
    auto& request = parser_->get();
    // RFC 9112 section 3.2.
    if (request.version() == 11 && request.count(http_::field::host) != 1)
      co_return co_await respond(
          error_reply(http_::status::bad_request, "malformed", "an HTTP/1.1 request has one Host"), false);
    auto target = parse_target({request.target().data(), request.target().size()});
    if (!target) co_return co_await respond(error_reply(target.error()), keep_alive());
    bool is_stream = target->kind == target_kind::stream;
    std::string_view no_tag;
    if (plays(*target) && !serves(services().from, peer())) co_return co_await send_away();
    switch (request.method()) {
    case http_::verb::get:
      if (is_stream) co_return co_await watch(*target);
      co_return co_await respond(
          co_await answer(services(), site_->at, *target, text(http_::field::if_none_match)), keep_alive());
    case http_::verb::head: {
      http_reply reply;
      if (is_stream)
        reply = co_await answer_head(services(), site_->at, *target->key);
      else
        reply = co_await answer(services(), site_->at, *target, no_tag);
      co_return co_await respond(std::move(reply), keep_alive());
    }
    case http_::verb::options:
      co_return co_await respond(preflight(), keep_alive());
    case http_::verb::post:
    case http_::verb::put:
      if (is_stream) co_return co_await publish(*target);
      break;
    default:
      break;
    }
    co_return co_await respond(not_allowed("GET, HEAD and OPTIONS are served here"), false);
  }

  /// RFC 9110 section 15.5.6.
  static http_reply not_allowed(std::string_view why) {
    auto reply = error_reply(http_::status::method_not_allowed, "unsupported", why);
    reply.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return reply;
  }

  /// Whether the request is a viewer's, or the page's that would become one.
  bool plays(const http_target& target) {
    auto method = parser_->get().method();
    if (method != http_::verb::get && method != http_::verb::head) return false;
    return target.kind == target_kind::stream || (target.kind == target_kind::page && target.key);
  }

  [[nodiscard]] asio::ip::address peer() const {
    boost::system::error_code gone;
    return held_.connection.remote_endpoint(gone).address();
  }

  asio::awaitable<bool> send_away() {
    count(refusal::forbidden);
    auto why = services().hub
                   ? fmt::format("this {} serves viewers on its own machine only; watch at an edge, or start "
                                 "it with --serve-viewers all",
                                 services().role)
                   : fmt::format("this {} serves no streams; watch at an edge", services().role);
    return respond(error_reply(http_::status::forbidden, "forbidden", why), keep_alive());
  }

  static http_reply preflight() {
    http_reply reply;
    reply.status = http_::status::no_content;
    reply.headers = {{"Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"},
                     {"Access-Control-Allow-Headers", "Range"},
                     {"Access-Control-Max-Age", "86400"}};
    return reply;
  }

  asio::awaitable<bool> watch(const http_target& target) {
    auto refuse = [this](refusal why, const error& e) {
      count(why);
      return respond(error_reply(e), keep_alive());
    };
    error ended{errc::not_live, target.key->str() + " ended"};
    error no_streams{errc::not_found, "this node serves no streams"};
    if (!services().hub) co_return co_await refuse(refusal::not_live, no_streams);
    if (auto no = site_->door.refuses(site_->viewers->size())) co_return co_await refuse(no->why, no->said);
    auto allowed =
        plane::authorize(plane::action::play, *target.key, target.params, peer_address(held_.connection));
    if (!allowed) co_return co_await refuse(refusal_for(allowed.error().code), allowed.error());
    using opened = result<std::shared_ptr<audience>>;
    auto log = co_await await_reply<opened>(
        [&](auto done) { services().hub->open(*target.key, site_->at, services().open, done); });
    if (!log) co_return co_await refuse(refusal_for(log.error().code), log.error());
    // Much may have happened meanwhile.
    if (auto no = site_->door.refuses(site_->viewers->size())) co_return co_await refuse(no->why, no->said);
    if (!(*log)->view().newest_join()) co_return co_await refuse(refusal::not_live, ended);
    hand_over(std::move(*log));
    co_return false;
  }

  void count(refusal why) { site_->at.counters().viewers.refused[static_cast<std::size_t>(why)].add(); }

  void hand_over(std::shared_ptr<audience> log) {
    auto& header = parser_->get();
    held_.unlink();
    if (beast::websocket::is_upgrade(header))
      serve_websocket(std::move(held_.connection), http_request(header.base()), std::move(log),
                      services().cursor, site_->viewers);
    else
      serve_http_flv(std::move(held_.connection), std::move(log), services().cursor, site_->viewers);
  }

  asio::awaitable<bool> publish(const http_target& target) {
    if (!services().publish)
      co_return co_await respond(not_allowed("this node takes no publishers; publish to an origin"), false);
    auto seat = services().seat_publisher();
    if (!seat) {
      site_->at.counters().ingest.refused.add();
      co_return co_await respond(error_reply(seat.error()), false);
    }
    held_.unlink();
    services().publish({std::move(held_.connection), std::move(buffer_), std::move(parser_),
                        stream_address{*target.key, target.params}, std::move(*seat)});
    co_return false;
  }

  [[nodiscard]] bool keep_alive() const {
    // A request with a body that nobody reads cannot be followed by another.
    const auto& request = parser_->get();
    return request.keep_alive() && !request.chunked() && !request.has_content_length();
  }

  [[nodiscard]] std::string_view text(http_::field name) const {
    auto value = parser_->get()[name];
    return {value.data(), value.size()};
  }

  asio::awaitable<bool> respond(http_reply reply, bool keep) {
    if (http_::to_status_class(reply.status) == http_::status_class::client_error)
      counters().bad_requests.add();
    http_::response<http_::span_body<const char>> response;
    response.result(reply.status);
    response.set(http_::field::server, "sluice");
    response.set(http_::field::access_control_allow_origin, "*");
    for (const auto& [name, value] : reply.headers)
      response.set(name, value);
    auto body = reply.fixed_body.empty() ? std::string_view(reply.body) : reply.fixed_body;
    response.keep_alive(keep);
    bool head = parser_->get().method() == http_::verb::head;
    if (reply.status != http_::status::no_content && reply.status != http_::status::not_modified) {
      response.set(http_::field::content_type, reply.content_type);
      if (!reply.endless) response.content_length(body.size());
      if (!head) response.body() = {body.data(), body.size()};
    }
    http_::response_serializer<http_::span_body<const char>> serializer(response);
    serializer.split(head);
    beast::error_code failed;
    timer_.expires_after(write_deadline);
    auto write = [&]() -> asio::awaitable<void> {
      auto token = asio::redirect_error(asio::use_awaitable, failed);
      if (head)
        co_await http_::async_write_header(held_.connection, serializer, token);
      else
        co_await http_::async_write(held_.connection, serializer, token);
    };
    auto outcome = co_await (write() || timer_.async_wait(asio::use_awaitable));
    if (outcome.index() == 1 || failed) co_return false;
    if (!keep) co_await linger(held_.connection);
    co_return keep && !site_->stopped;
  }

  std::shared_ptr<http_site> site_;
  http_connection held_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_{max_header_bytes * 2};
  std::unique_ptr<post_parser> parser_;
};

asio::awaitable<void> serve(std::shared_ptr<http_site> site, socket s) {
  session one(std::move(site), std::move(s));
  co_await one.run();
}

} // namespace

void http_site::close_connections() {
  boost::system::error_code ignored;
  for (auto& c : connections)
    c.connection.close(ignored);
}

void start_http_session(std::shared_ptr<http_site> site, socket s) {
  auto& counters = site->at.counters().http;
  if (counters.current.value() >= site->services->max_connections) {
    counters.over_limit.add();
    return;
  }
  auto log = site->log;
  asio::co_spawn(site->at.io(), serve(site, std::move(s)), [log](std::exception_ptr failed) {
    if (!failed) return;
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      log.warn("http connection failed", "what", e.what());
    }
  });
}

} // namespace sluice::net
