#include "net/support/scripted_relay.hpp"

#include "base/host_port.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <arpa/inet.h>
#include <atomic>
#include <poll.h>

namespace sluice::test {

using namespace net;
namespace http = boost::beast::http;

struct scripted_relay::state : std::enable_shared_from_this<state> {
  state(node_id id, std::string secret)
      : self{"test", std::move(id), std::move(secret)}, pool(1, "scripted", logger("scripted")),
        acceptor(pool.at(0).io(), tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}

  struct client final : trunk::link_user {
    explicit client(state& s) : owner(s) {}
    void on_open() override {
      own = random_nonce();
      link->send(trunk::challenge{trunk::version, own});
    }
    void on_text(std::string_view text) override {
      auto m = trunk::parse(text);
      auto* said = m ? std::get_if<trunk::hello>(&*m) : nullptr;
      if (!said || !said->who) return;
      ++owner.clients;
      owner.how(*link, trunk::introduce(owner.self, trunk::side::server, own, said->who->nonce));
    }
    void on_bytes(byte_view) override {}
    void on_sent() override {}
    void on_closed(const error&) override {}
    state& owner;
    trunk::link_ptr link;
    nonce own{};
  };

  void accept() {
    acceptor.async_accept([this](boost::system::error_code failed, tcp::socket s) {
      if (failed) return;
      socket plain(pool.at(0).io());
      plain.assign(tcp::v4(), s.release());
      upgrade(std::move(plain));
      accept();
    });
  }

  void upgrade(socket s) {
    struct reading {
      explicit reading(socket from) : s(std::move(from)) {}
      socket s;
      boost::beast::flat_buffer buffer;
      http::request_parser<http::empty_body> parser;
    };
    auto r = std::make_shared<reading>(std::move(s));
    http::async_read_header(
        r->s, r->buffer, r->parser, [this, r](boost::system::error_code failed, std::size_t) {
          if (failed) return;
          auto made = std::make_shared<client>(*this);
          sessions.push_back(made);
          made->link = trunk::accept(pool.at(0), std::move(r->s), r->parser.release(), *made);
        });
  }

  trunk::identity self;
  worker_pool pool;
  asio::ip::tcp::acceptor acceptor;
  answer how;
  std::vector<std::shared_ptr<client>> sessions;
  std::atomic<int> clients{0};
};

scripted_relay::scripted_relay(node_id id, std::string secret)
    : state_(std::make_shared<state>(std::move(id), std::move(secret))) {}

scripted_relay::~scripted_relay() {
  auto* s = state_.get();
  s->pool.at(0).post([s] {
    boost::system::error_code ignored;
    s->acceptor.close(ignored);
    for (auto& one : s->sessions) {
      one->link->detach();
      one->link->abort();
    }
    s->sessions.clear();
  });
  s->pool.stop();
}

cluster::ranked_relay scripted_relay::listen() {
  auto port = state_->acceptor.local_endpoint().port();
  return {state_->self.node, fmt::format("127.0.0.1:{}", port), "", cluster::relay_state::ready, 1};
}

cluster::ranked_relay scripted_relay::stay_silent() {
  state_->pool.start();
  return listen();
}

cluster::ranked_relay scripted_relay::serve(answer how) {
  state_->how = std::move(how);
  state_->pool.at(0).post([s = state_.get()] { s->accept(); });
  state_->pool.start();
  return listen();
}

int scripted_relay::clients() const {
  return state_->clients.load();
}

raw_client::raw_client(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  auto where = host_port::parse(address).value();
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(where.port);
  ::inet_pton(AF_INET, where.host.c_str(), &to.sin_addr);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) over_ = true;
}

raw_client::~raw_client() {
  ::close(fd_);
}

void raw_client::upgrade(const std::string& target) {
  send(fmt::format("GET {} HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Protocol: {}\r\n\r\n",
                   target, trunk::subprotocol));
}

void raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void raw_client::send_frame(std::string_view payload, bool binary) {
  byte_buffer out;
  byte_writer to(out);
  to.u8(binary ? 0x82 : 0x81);
  if (payload.size() < 126) {
    to.u8(0x80 | payload.size());
  } else if (payload.size() < 65'536) {
    to.u8(0x80 | 126);
    to.u16(payload.size());
  } else {
    to.u8(0x80 | 127);
    to.u64(payload.size());
  }
  to.u32(0); // a mask of zeros leaves the payload as it is
  to.text(payload);
  send(as_text(out));
}

bool raw_client::read_some(int limit_ms) {
  pollfd wait{fd_, POLLIN, 0};
  if (over_ || ::poll(&wait, 1, limit_ms) <= 0) return false;
  char bytes[4096];
  auto n = ::recv(fd_, bytes, sizeof bytes, 0);
  if (n <= 0)
    over_ = true;
  else
    received_.append(bytes, static_cast<std::size_t>(n));
  return n > 0;
}

std::string raw_client::wait_for(std::string_view needle) {
  while (received_.find(needle) == std::string::npos)
    if (!read_some(3'000)) return {};
  return received_;
}

bool raw_client::closed() {
  while (read_some(3'000)) {
  }
  return over_;
}

nonce raw_client::challenge() {
  if (wait_for("\"nonce\":\"").empty()) return {};
  while (received_.find('}', received_.find("\"nonce\"")) == std::string::npos && read_some(3'000)) {
  }
  auto from = received_.find('{');
  auto m = trunk::parse(std::string_view(received_).substr(from, received_.find('}', from) + 1 - from));
  return m ? std::get<trunk::challenge>(*m).nonce : nonce{};
}

} // namespace sluice::test
