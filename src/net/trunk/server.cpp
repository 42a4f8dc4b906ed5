#include "net/trunk/server.hpp"

#include "net/core/deadline.hpp"
#include "net/trunk/site.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace sluice::net::trunk {

namespace http = boost::beast::http;
using error_code = boost::system::error_code;
using site_list = std::vector<std::shared_ptr<site>>;

namespace {

constexpr std::uint32_t max_request_header = 8 * 1024;
constexpr std::string_view refusal =
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A connection whose upgrade request is being read, until it belongs to a session.
class newcomer final : public session {
public:
  newcomer(std::weak_ptr<const site_list> all, site& here, socket accepted)
      : all_(std::move(all)), here_(here), socket_(std::move(accepted)),
        late_(here.at.io(), here.options.handshake_limit, [this] { stop(); }) {
    parser_.header_limit(max_request_header);
  }

  void start() {
    http::async_read_header(socket_, buffer_, parser_, [self = shared()](error_code failed, std::size_t) {
      auto all = self->all_.lock();
      if (!all || self->here_.stopped) return;
      if (failed) return self->give_up(failed);
      self->dispatch(*all);
    });
  }

  void stop() override {
    error_code ignored;
    socket_.close(ignored);
  }

private:
  std::shared_ptr<newcomer> shared() { return std::static_pointer_cast<newcomer>(shared_from_this()); }

  void give_up(error_code failed) {
    bool rules = failed.category() == make_error_code(http::error::bad_version).category() &&
                 failed != http::error::end_of_stream;
    if (rules) here_.counters().protocol_errors.add();
    here_.remove(this);
  }

  void dispatch(const site_list& all) {
    auto upgrade = parser_.release();
    auto asked = request::parse({upgrade.target().data(), upgrade.target().size()});
    bool spoken = upgrade[http::field::sec_websocket_protocol] ==
                  boost::beast::string_view(subprotocol.data(), subprotocol.size());
    if (!asked || !spoken || !boost::beast::websocket::is_upgrade(upgrade) || buffer_.size() > 0)
      return turn_away();
    here_.remove(this);
    tune(socket_);
    if (asked->what != request::kind::publish)
      return serve_play(here_, std::move(socket_), std::move(upgrade), std::move(*asked));
    auto& home = here_.hub.workers().home(asked->key);
    if (&home == &here_.at)
      return serve_publish(here_, std::move(socket_), std::move(upgrade), std::move(*asked));
    auto moved = move_to(home, std::move(socket_));
    if (!moved) return;
    home.post([there = all[home.index()], s = std::make_shared<socket>(std::move(*moved)),
               upgrade = std::move(upgrade), asked = std::move(*asked)] {
      if (!there->stopped) serve_publish(*there, std::move(*s), upgrade, asked);
    });
  }

  void turn_away() {
    here_.counters().protocol_errors.add();
    asio::async_write(socket_, asio::buffer(refusal), [self = shared()](error_code, std::size_t) {
      self->stop();
      if (auto all = self->all_.lock()) self->here_.remove(self.get());
    });
  }

  std::weak_ptr<const site_list> all_; // while it lives, so does the site
  site& here_;
  socket socket_;
  boost::beast::flat_buffer buffer_{max_request_header};
  http::request_parser<http::empty_body> parser_;
  deadline late_;
};

} // namespace

bool site::full() {
  auto most = options.max_connections;
  if (sessions.size() < most) {
    if (sessions.size() < most - most / 10) told_full_ = false;
    return false;
  }
  counters().over_limit.add();
  if (!std::exchange(told_full_, true))
    log.warn("data thread has as many trunk connections as it may, more are closed", "connections",
             sessions.size(), "raise", "--max-connections");
  return true;
}

void site::stop() {
  stopped = true;
  ticker_.reset();
  for (auto& [id, s] : std::exchange(sessions, {}))
    s->stop();
}

void site::tick() {
  // A session that ticks may leave; it is destroyed later.
  std::vector<session*> all;
  for (auto& [id, s] : sessions)
    all.push_back(id);
  for (auto* s : all)
    s->tick();
}

server::server(stream_hub& hub, identity self, server_options options, logger log)
    : counts_(std::make_shared<pull_counts>()), sites_(std::make_shared<site_list>()),
      acceptors_(hub.workers()) {
  for (std::size_t i = 0; i < hub.workers().size(); ++i)
    sites_->push_back(std::make_shared<site>(hub.workers().at(i), hub, self, options, counts_, log));
}

server::~server() {
  stop();
}

result<std::uint16_t> server::listen(const host_port& address) {
  return acceptors_.listen(address, "--trunk-listen", [all = sites_](worker& at, socket s) {
    auto& here = *(*all)[at.index()];
    if (here.stopped || here.full()) return;
    auto made = std::make_shared<newcomer>(all, here, std::move(s));
    here.add(made);
    made->start();
  });
}

void server::stop() {
  acceptors_.stop();
  for (auto& s : *sites_)
    s->at.post([all = sites_, s] { s->stop(); });
}

std::vector<std::pair<std::string, std::uint32_t>> server::pulls() const {
  return counts_->list();
}

} // namespace sluice::net::trunk
