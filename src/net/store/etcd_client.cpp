#include "net/store/etcd_client.hpp"

#include "net/core/deadline.hpp"
#include "net/core/socket.hpp"
#include "net/store/etcd_json.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>

namespace sluice::net::etcd {

namespace beast = boost::beast;
namespace http = beast::http;
using error_code = boost::system::error_code;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr std::uint16_t usual_port = 2379;
constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t max_failure_text = 16 * 1024; ///< of a watch that is answered with an error

using post_message = http::request<http::string_body>;

post_message make_post(const host_port& where, std::string path, std::string body) {
  post_message out{http::verb::post, std::move(path), 11};
  out.set(http::field::host, where.str());
  out.set(http::field::user_agent, "sluice");
  out.set(http::field::content_type, "application/json");
  // A member that lost its cluster must say so instead of watching nothing for ever.
  out.set("Grpc-Metadata-Hasleader", "true");
  out.keep_alive(false);
  out.body() = std::move(body);
  out.prepare_payload();
  return out;
}

error cut_off(const error_code& failed) {
  if (failed == http::error::body_limit)
    return {errc::too_large, fmt::format("a reply of more than {} bytes", max_body)};
  if (failed == http::error::end_of_stream || failed == http::error::partial_message ||
      failed == asio::error::eof)
    return {errc::closed, "the connection ended"};
  bool not_http = failed.category() == http::make_error_code(http::error::bad_method).category();
  return {not_http ? errc::malformed : errc::io, failed.message()};
}

error named(const host_port& server, std::string_view path, const error& e) {
  return {e.code, fmt::format("etcd http://{}{}: {}", server.str(), path, e.message)};
}

/// Whether another member of the cluster may do better.
bool worth_another(errc code) {
  return code == errc::io || code == errc::timed_out || code == errc::closed || code == errc::unavailable ||
         code == errc::malformed;
}

result<host_port> parse_url(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  auto bad = [&](std::string_view why) {
    return error{errc::bad_argument, fmt::format("etcd URL '{}': {}", url, why)};
  };
  if (url.starts_with("https://"))
    return bad("https is not spoken; use http:// on a private network, or a TLS proxy beside the directory");
  if (!url.starts_with(scheme)) return bad("want http://host:port");
  auto rest = url.substr(scheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@") != std::string_view::npos)
    return bad("want http://host:port");
  bool has_port = rest.rfind(':') != std::string_view::npos && !rest.ends_with(']');
  auto where = host_port::parse(has_port ? std::string(rest) : fmt::format("{}:{}", rest, usual_port));
  if (!where) return bad(where.error().message);
  if (where->host.empty() || where->port == 0) return bad("want http://host:port");
  return where;
}

} // namespace

result<std::vector<host_port>> parse_urls(std::string_view text) {
  std::vector<host_port> out;
  while (true) {
    auto comma = text.find(',');
    auto one = parse_url(text.substr(0, comma));
    if (!one) return one.error();
    out.push_back(std::move(*one));
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

struct client::connection {
  explicit connection(client& c) : owner(c), resolver(c.io_), wire(c.io_) { owner.open_.insert(this); }
  ~connection() { owner.open_.erase(this); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void close() {
    closed = true;
    error_code ignored;
    resolver.cancel();
    wire.close(ignored);
  }

  client& owner;
  tcp::resolver resolver;
  socket wire;
  beast::flat_buffer buffer;
  bool closed = false;
};

client::client(asio::io_context& io, std::vector<host_port> servers, std::chrono::milliseconds limit,
               client_counters& counters)
    : io_(io), servers_(std::move(servers)), limit_(limit), counters_(counters) {}

client::~client() = default;

void client::close() {
  closed_ = true;
  for (auto* one : open_)
    one->close();
}

asio::awaitable<result<void>> client::connect(connection& to, const host_port& where) {
  std::vector<tcp::endpoint> found;
  error_code not_literal;
  auto literal = asio::ip::make_address(where.host, not_literal);
  if (!not_literal) {
    found.emplace_back(literal, where.port);
  } else {
    auto port = std::to_string(where.port);
    auto [failed, names] = co_await to.resolver.async_resolve(where.host, port, token);
    if (failed) co_return error{errc::io, failed.message()};
    for (const auto& name : names)
      found.push_back(name.endpoint());
  }
  error why{errc::io, "no address of that name"};
  for (const auto& endpoint : found) {
    if (to.closed) break;
    error_code ignored;
    to.wire.close(ignored);
    auto [failed] = co_await to.wire.async_connect(endpoint, token);
    if (!failed) {
      tune(to.wire);
      co_return result<void>();
    }
    why.message = failed.message();
  }
  co_return why;
}

asio::awaitable<result<std::string>> client::post(std::string path, std::string body) {
  error why{errc::closed, "the store is closed"};
  for (std::size_t tried = 0; tried < servers_.size() && !closed_; ++tried) {
    auto where = server();
    auto reply = co_await post_to(where, path, body);
    if (reply) co_return reply;
    counters_.failures.add();
    auto problem = named(where, path, reply.error());
    if (!worth_another(problem.code)) co_return problem;
    why = tried == 0 ? problem : error{problem.code, why.message + "; " + problem.message};
    // Somebody else's request may have gone on already.
    if (where == server()) next_server();
  }
  co_return why;
}

asio::awaitable<result<std::string>> client::post_to(host_port where, const std::string& path,
                                                     const std::string& body) {
  counters_.requests.add();
  connection to(*this);
  deadline limit(io_, limit_, [&to] { to.close(); });
  error late{errc::timed_out, fmt::format("no answer within {} ms", limit_.count())};
  auto connected = co_await connect(to, where);
  if (limit.expired()) co_return late;
  if (!connected) co_return connected.error();
  auto request = make_post(where, path, body);
  auto [unsent, sent] = co_await http::async_write(to.wire, request, token);
  if (limit.expired()) co_return late;
  if (unsent) co_return cut_off(unsent);
  http::response_parser<http::string_body> reply;
  reply.body_limit(max_body);
  auto [failed, got] = co_await http::async_read(to.wire, to.buffer, reply, token);
  if (limit.expired()) co_return late;
  if (failed) co_return cut_off(failed);
  if (reply.get().result_int() != 200) co_return failure_of(reply.get().result_int(), reply.get().body());
  co_return std::move(reply.get().body());
}

struct watch_stream::state {
  explicit state(client& c) : to(c) { reply.body_limit(boost::none); }

  client::connection to;
  http::response_parser<http::buffer_body> reply;
  std::array<char, read_size> piece;
  std::string text; ///< lines not complete yet
  std::size_t searched = 0;
  host_port where;
};

watch_stream::watch_stream(client& via) : via_(via), state_(std::make_unique<state>(via)) {}
watch_stream::~watch_stream() = default;

void watch_stream::close() {
  state_->to.close();
}

asio::awaitable<result<void>> watch_stream::open(std::string path, std::string body) {
  auto& s = *state_;
  s.where = via_.server();
  via_.counters_.requests.add();
  deadline limit(via_.io_, via_.limit_, [&s] { s.to.close(); });
  auto asked = co_await ask(path, std::move(body));
  if (asked) co_return asked;
  via_.counters_.failures.add();
  error why = asked.error();
  if (limit.expired()) why = {errc::timed_out, fmt::format("no answer within {} ms", via_.limit_.count())};
  co_return named(s.where, path, why);
}

asio::awaitable<result<void>> watch_stream::ask(std::string path, std::string body) {
  auto& s = *state_;
  if (via_.closed_) co_return error{errc::closed, "the store is closed"};
  auto connected = co_await via_.connect(s.to, s.where);
  if (!connected) co_return connected;
  auto request = make_post(s.where, std::move(path), std::move(body));
  auto [unsent, sent] = co_await http::async_write(s.to.wire, request, token);
  if (unsent) co_return cut_off(unsent);
  auto [failed, got] = co_await http::async_read_header(s.to.wire, s.to.buffer, s.reply, token);
  if (failed) co_return cut_off(failed);
  if (s.reply.get().result_int() == 200) co_return result<void>();
  while (s.text.size() < max_failure_text && !s.reply.is_done()) {
    auto more = co_await read_some();
    if (!more) break;
  }
  co_return failure_of(s.reply.get().result_int(), s.text);
}

asio::awaitable<result<std::vector<std::string>>> watch_stream::next() {
  auto& s = *state_;
  while (true) {
    auto lines = take_lines();
    if (!lines.empty()) co_return lines;
    error why{errc::closed, "the watch ended"};
    if (s.text.size() > max_body)
      why = {errc::too_large, fmt::format("a line of more than {} bytes", max_body)};
    else if (!s.reply.is_done()) {
      auto more = co_await read_some();
      if (more) continue;
      why = more.error();
    }
    co_return named(s.where, "/v3/watch", why);
  }
}

asio::awaitable<result<void>> watch_stream::read_some() {
  auto& s = *state_;
  auto& body = s.reply.get().body();
  body.data = s.piece.data();
  body.size = s.piece.size();
  auto [failed, got] = co_await http::async_read_some(s.to.wire, s.to.buffer, s.reply, token);
  s.text.append(s.piece.data(), s.piece.size() - body.size);
  if (failed && failed != http::error::need_buffer) co_return cut_off(failed);
  co_return result<void>();
}

std::vector<std::string> watch_stream::take_lines() {
  auto& text = state_->text;
  std::vector<std::string> out;
  std::size_t from = 0;
  while (true) {
    auto end = text.find('\n', std::max(from, state_->searched));
    if (end == std::string::npos) break;
    if (end > from) out.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  text.erase(0, from);
  state_->searched = text.size();
  return out;
}

} // namespace sluice::net::etcd
