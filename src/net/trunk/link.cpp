#include "net/trunk/link.hpp"

#include "base/host_port.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <deque>

namespace sluice::net::trunk {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using namespace std::chrono_literals;
using error_code = boost::system::error_code;

namespace {

constexpr auto close_limit = 1s;
constexpr std::size_t read_size = 64 * 1024;

error describe(const error_code& failed) {
  bool rules = failed.category() == make_error_code(websocket::error::closed).category() &&
               failed != websocket::error::closed && failed != websocket::error::upgrade_declined;
  if (rules) return {errc::malformed, failed.message()};
  bool over = failed == websocket::error::closed || failed == asio::error::eof ||
              failed == asio::error::connection_reset;
  return {over ? errc::closed : errc::io, failed.message()};
}

class websocket_link final : public link {
public:
  websocket_link(worker& at, socket s, link_user& user, std::size_t most)
      : most_(most), ws_(std::move(s)), closing_(at.io()), resolver_(at.io()), user_(&user),
        peer_(peer_address(lowest())) {}

  void connect(std::string address, std::string target) {
    peer_ = std::move(address);
    target_ = std::move(target);
    auto where = host_port::parse(peer_);
    if (!where) return fail_later(where.error());
    error_code not_literal;
    auto literal = asio::ip::make_address(where->host, not_literal);
    if (!not_literal) return connect_to(tcp::endpoint(literal, where->port));
    resolver_.async_resolve(where->host, std::to_string(where->port),
                            [self = self()](error_code failed, const tcp::resolver::results_type& found) {
                              if (failed) return self->fail(failed);
                              self->connect_to(found.begin()->endpoint());
                            });
  }

  void upgrade(upgrade_request asked) {
    prepare();
    ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(beast::http::field::sec_websocket_protocol, subprotocol);
      response.set(beast::http::field::server, "sluice");
    }));
    auto held = std::make_shared<upgrade_request>(std::move(asked));
    ws_.async_accept(*held, [self = self(), held](error_code failed) { self->upgraded(failed); });
  }

  void send(const message& m) override {
    if (over()) return;
    auto text = encode(m);
    if (!text || waiting_.size() >= max_waiting_texts)
      return fail_later(text ? error{errc::closed, "the peer takes nothing"} : text.error());
    waiting_.emplace_back(std::move(*text));
    write();
  }

  void send(stream::piece bytes) override {
    if (over()) return;
    waiting_.emplace_back(std::move(bytes));
    write();
  }

  void close() override {
    if (std::exchange(finishing_, true) || dead_) return;
    closing_.expires_after(close_limit);
    closing_.async_wait([self = self()](error_code cancelled) {
      if (!cancelled) self->abort();
    });
    write();
  }

  void abort() override {
    error_code ignored;
    lowest().close(ignored);
    resolver_.cancel();
    closing_.cancel();
    waiting_.clear();
    dead_ = true;
  }

  void detach() override { user_ = nullptr; }

  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> writing_since() const override {
    return writing_ ? std::optional(write_started_) : std::nullopt;
  }
  [[nodiscard]] const std::string& peer() const override { return peer_; }

private:
  using outgoing = std::variant<std::string, stream::piece>;

  std::shared_ptr<websocket_link> self() {
    return std::static_pointer_cast<websocket_link>(shared_from_this());
  }
  socket& lowest() { return ws_.next_layer(); }
  [[nodiscard]] bool over() const { return dead_ || finishing_; }

  void connect_to(const tcp::endpoint& where) {
    if (dead_) return;
    lowest().async_connect(where, [self = self()](error_code failed) {
      if (failed) return self->fail(failed);
      self->handshake();
    });
  }

  void handshake() {
    if (dead_) return;
    tune(lowest());
    prepare();
    ws_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, subprotocol);
      request.set(beast::http::field::user_agent, "sluice");
    }));
    ws_.async_handshake(peer_, target_, [self = self()](error_code failed) { self->upgraded(failed); });
  }

  void prepare() {
    ws_.auto_fragment(false);
    ws_.read_message_max(most_);
  }

  void upgraded(error_code failed) {
    if (failed) return fail(failed);
    if (user_) user_->on_open();
    read();
  }

  void read() {
    if (dead_) return;
    if (buffer_.empty()) buffer_.resize(std::min(read_size, most_));
    ws_.async_read_some(asio::buffer(buffer_), [self = self()](error_code failed, std::size_t n) {
      if (failed) return self->fail(failed);
      self->take(byte_view(self->buffer_).first(n));
      self->read();
    });
  }

  void take(byte_view bytes) {
    if (!ws_.got_text()) {
      if (user_ && !bytes.empty()) user_->on_bytes(bytes);
      return;
    }
    text_.append(as_text(bytes));
    if (!ws_.is_message_done()) return;
    if (user_) user_->on_text(text_);
    text_.clear();
  }

  void write() {
    if (writing_ || dead_) return;
    if (waiting_.empty()) {
      if (finishing_) write_close();
      return;
    }
    if (!ws_.is_open()) return;
    writing_ = true;
    write_started_ = std::chrono::steady_clock::now();
    going_ = std::move(waiting_.front());
    waiting_.pop_front();
    auto done = [self = self()](error_code failed, std::size_t) { self->written(failed); };
    if (const auto* text = std::get_if<std::string>(&going_)) {
      ws_.text(true);
      return ws_.async_write(asio::buffer(*text), std::move(done));
    }
    ws_.binary(true);
    // A client masks what it sends, in its write buffer; with the default of 4 KiB that is 16 writes a piece.
    if (!target_.empty()) ws_.write_buffer_bytes(max_piece);
    const auto& parts = std::get<stream::piece>(going_).parts;
    ws_.async_write(std::array{asio::buffer(parts[0].data(), parts[0].size()),
                               asio::buffer(parts[1].data(), parts[1].size())},
                    std::move(done));
  }

  void written(error_code failed) {
    writing_ = false;
    bool piece = std::holds_alternative<stream::piece>(going_);
    going_ = std::string{};
    if (failed) return fail(failed);
    write();
    if (piece && user_) user_->on_sent();
  }

  void write_close() {
    if (!ws_.is_open()) return abort();
    writing_ = true;
    ws_.async_close(websocket::close_code::normal, [self = self()](error_code) { self->abort(); });
  }

  void fail(error_code failed) { fail(describe(failed)); }
  void fail(const error& why) {
    abort();
    if (auto* user = std::exchange(user_, nullptr)) user->on_closed(why);
  }
  void fail_later(error why) {
    abort();
    asio::post(ws_.get_executor(), [self = self(), why = std::move(why)] { self->fail(why); });
  }

  std::size_t most_;
  websocket::stream<socket, false> ws_;
  asio::steady_timer closing_;
  tcp::resolver resolver_;
  link_user* user_;
  std::string peer_, target_;
  byte_buffer buffer_;
  std::string text_;
  std::deque<outgoing> waiting_;
  outgoing going_;
  std::chrono::steady_clock::time_point write_started_;
  bool writing_ = false, finishing_ = false, dead_ = false;
};

} // namespace

link_ptr dial(worker& at, std::string address, std::string target, link_user& user) {
  auto made = std::make_shared<websocket_link>(at, socket(at.io()), user, max_control_message);
  made->connect(std::move(address), std::move(target));
  return made;
}

link_ptr accept(worker& at, socket s, upgrade_request asked, link_user& user, std::size_t most) {
  auto made = std::make_shared<websocket_link>(at, std::move(s), user, most);
  made->upgrade(std::move(asked));
  return made;
}

} // namespace sluice::net::trunk
