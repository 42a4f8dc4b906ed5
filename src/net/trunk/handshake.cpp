#include "net/trunk/handshake.hpp"

namespace sluice::net::trunk {

namespace {

bool breaks_protocol(const error& why) {
  return why.code == errc::malformed || why.code == errc::too_large || why.code == errc::unauthorized ||
         why.code == errc::conflict || why.code == errc::unsupported || why.code == errc::bad_argument;
}

bool speaks_of_a_log(const message& m) {
  return std::holds_alternative<end>(m) || std::holds_alternative<gap>(m) ||
         std::holds_alternative<stream::beat>(m) || std::holds_alternative<path_change>(m);
}

} // namespace

server_session::~server_session() {
  if (!link_) return;
  link_->detach();
  link_->abort();
}

void server_session::stop() {
  if (over_) return;
  over_ = true;
  link_->detach();
  link_->abort();
  limit_.reset();
  on_over();
}

void server_session::tick() {
  silence_.tick(std::chrono::steady_clock::now());
  if (proven_ && !over_) on_tick();
}

void server_session::start(socket s, upgrade_request upgrade) {
  limit_.emplace(here_.at.io(), here_.options.handshake_limit, [this] {
    refuse({errc::timed_out, "no proof came in time"});
  });
  auto most = asked_.what == request::kind::publish ? max_control_message : max_puller_message;
  link_ = accept(here_.at, std::move(s), std::move(upgrade), *this, most);
}

void server_session::on_open() {
  own_nonce_ = random_nonce();
  link_->send(challenge{version, own_nonce_});
}

void server_session::on_text(std::string_view text) {
  silence_.heard(std::chrono::steady_clock::now());
  auto m = parse(text);
  if (!m) return refuse(m.error());
  if (!proven_) return prove(*m);
  on_message(*m);
}

void server_session::prove(const message& m) {
  const auto* said = std::get_if<hello>(&m);
  if (std::holds_alternative<unknown>(m)) return;
  if (!said || !said->who) return refuse({errc::malformed, "the first message is not a hello with a proof"});
  if (auto ok = check(here_.self, *said->who, side::client, own_nonce_); !ok) return refuse(ok.error());
  peer_nonce_ = said->who->nonce;
  peer_ = said->who->node;
  proven_ = true;
  limit_.reset();
  on_hello(*said);
}

void server_session::say_hello(hello out) {
  if (!std::exchange(introduced_, true))
    out.who = introduce(here_.self, side::server, own_nonce_, peer_nonce_);
  link_->send(std::move(out));
}

bool server_session::silent(std::chrono::milliseconds limit) const {
  return silence_.reaches(limit, std::chrono::steady_clock::now());
}

bool server_session::stalled() const {
  auto writing = link_->writing_since();
  return writing && std::chrono::steady_clock::now() - *writing >= here_.options.write_limit;
}

void server_session::refuse(const error& why) {
  if (over_) return;
  count(why);
  link_->send(failure{std::string(name(why.code)), why.message});
  finish();
}

void server_session::finish() {
  if (over_) return;
  link_->detach();
  link_->close();
  over();
}

void server_session::on_closed(const error& why) {
  count(why);
  over();
}

void server_session::over() {
  over_ = true;
  limit_.reset();
  on_over();
  here_.remove(this);
}

void server_session::count(const error& why) const {
  if (!breaks_protocol(why)) return;
  here_.counters().protocol_errors.add();
  here_.log.warn("trunk connection refused", "peer", link_->peer(), "node", peer_, "stream", asked_.key.str(),
                 "code", name(why.code), "why", why.message);
}

client_session::~client_session() {
  leave(true);
}

void client_session::dial(std::string address, const request& asked) {
  link_ = trunk::dial(at_, std::move(address), asked.str(), *this);
}

void client_session::leave(bool at_once) {
  auto over = std::exchange(link_, nullptr);
  if (!over) return;
  over->detach();
  if (at_once)
    over->abort();
  else
    over->close();
}

void client_session::fail(const error& why) {
  leave(true);
  on_closed(why);
}

void client_session::on_closed(const error& why) {
  if (breaks_protocol(why)) at_.counters().trunk.protocol_errors.add();
  on_lost(why);
}

void client_session::on_text(std::string_view text) {
  on_life();
  auto m = parse(text);
  if (!m) return fail(m.error());
  if (const auto* asked = std::get_if<challenge>(&*m)) {
    if (auto ok = introduce_on(*asked); !ok) fail(ok.error());
    return;
  }
  const auto* said = std::get_if<hello>(&*m);
  if (!said && !believed_ && speaks_of_a_log(*m)) return fail({errc::malformed, "no hello came first"});
  if (!said) return on_message(*m);
  if (auto ok = believe(*said); !ok) return fail(ok.error());
  on_hello(*said);
}

result<void> client_session::introduce_on(const challenge& asked) {
  if (std::exchange(introduced_, true)) return error{errc::malformed, "a second challenge"};
  if (asked.version != version)
    return error{errc::unsupported, fmt::format("{} speaks trunk version {}, this node {}", link_->peer(),
                                                asked.version, version)};
  own_nonce_ = random_nonce();
  hello out;
  fill(out);
  out.who = introduce(self_, side::client, own_nonce_, asked.nonce);
  link_->send(std::move(out));
  return {};
}

result<void> client_session::believe(const hello& said) {
  if (believed_) return {};
  if (!introduced_ || !said.who) return error{errc::malformed, "the server's first hello carries no proof"};
  if (auto ok = check(self_, *said.who, side::server, own_nonce_); !ok) return ok;
  believed_ = true;
  return {};
}

} // namespace sluice::net::trunk
