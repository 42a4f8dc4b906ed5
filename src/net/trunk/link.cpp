#include "net/trunk/link.hpp"

#include "base/host_port.hpp"
#include "net/core/gated_socket.hpp"
#include "net/trunk/outbox.hpp"

#include <boost/asio/connect.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>

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
      : ws_(gated_socket(std::move(s))), most_(most), closing_(at.io()), resolver_(at.io()), user_(&user),
        peer_(peer_address(lowest())) {}

  void connect(std::string address, std::string target) {
    peer_ = std::move(address);
    target_ = std::move(target);
    outbox_.mask();
    auto where = host_port::parse(peer_);
    if (!where) return fail_later(where.error());
    error_code not_literal;
    auto literal = asio::ip::make_address(where->host, not_literal);
    if (!not_literal) return connect_to(tcp::endpoint(literal, where->port));
    resolver_.async_resolve(where->host, std::to_string(where->port),
                            [self = self()](error_code failed, const tcp::resolver::results_type& found) {
                              if (failed) return self->fail(failed);
                              self->connect_to_any(found);
                            });
  }

  void upgrade(upgrade_request asked) {
    ws_.read_message_max(most_);
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
    if (!text) return fail_later(text.error());
    send(*text);
  }

  void send(std::string_view text) override {
    if (over()) return;
    add_text(text);
    write();
  }

  bool send(std::string_view text, const stream::log_bytes& bytes, const stream::log_view& view) override {
    if (over()) return false;
    if (outbox_.empty() && !outbox_.masks() && ws_.next_layer().free())
      return send_at_once(text, bytes, view);
    if (!text.empty()) add_text(text);
    outbox_.add_piece(bytes, writing_);
    bool all = write();
    if (!all && !outbox_.masks()) outbox_.pin_last(view.pins(bytes));
    return all;
  }

  void acknowledge_reads() override {
    if (!dead_) net::acknowledge_reads(lowest());
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
    dead_ = true;
  }

  void detach() override { user_ = nullptr; }

  [[nodiscard]] const void* sends_through() const override { return &ws_.next_layer(); }
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> writing_since() const override {
    return writing_ ? std::optional(write_started_) : std::nullopt;
  }
  [[nodiscard]] const std::string& peer() const override { return peer_; }

private:
  std::shared_ptr<websocket_link> self() {
    return std::static_pointer_cast<websocket_link>(shared_from_this());
  }
  socket& lowest() { return ws_.next_layer().next_layer(); }
  [[nodiscard]] bool over() const { return dead_ || finishing_; }

  void connect_to(const tcp::endpoint& where) {
    if (dead_) return;
    lowest().async_connect(where, [self = self()](error_code failed) {
      if (failed) return self->fail(failed);
      self->handshake();
    });
  }

  void connect_to_any(const tcp::resolver::results_type& found) {
    if (dead_) return;
    asio::async_connect(lowest(), found, [self = self()](error_code failed, const tcp::endpoint&) {
      if (failed) return self->fail(failed);
      self->handshake();
    });
  }

  void handshake() {
    if (dead_) return;
    tune(lowest());
    ws_.read_message_max(most_);
    ws_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, subprotocol);
      request.set(beast::http::field::user_agent, "sluice");
    }));
    ws_.async_handshake(peer_, target_, [self = self()](error_code failed) { self->upgraded(failed); });
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

  void add_text(std::string_view text) {
    outbox_.add_text(text, writing_);
    if (outbox_.texts() > max_waiting_texts) fail_later({errc::closed, "the peer takes nothing"});
  }

  // The usual case is one call of the kernel and nothing else.
  bool send_at_once(std::string_view text, const stream::log_bytes& bytes, const stream::log_view& view) {
    frame_head of_text, of_bytes;
    std::array<asio::const_buffer, 5> all{asio::const_buffer(), asio::buffer(text.data(), text.size()),
                                          of_bytes.of(frame_head::opcode::binary, bytes.size()),
                                          outbox::as_buffer(bytes.parts[0]),
                                          outbox::as_buffer(bytes.parts[1])};
    if (!text.empty()) all[0] = of_text.of(frame_head::opcode::text, text.size());
    error_code failed;
    auto now = write_now(lowest(), all, failed);
    if (failed) return fail_later(describe(failed)), false;
    if (now == asio::buffer_size(all)) return true;
    outbox_.begin(std::span(all).first(3), bytes);
    outbox_.pin_last(view.pins(bytes));
    finish_front(now);
    return false;
  }

  /// Writes what waits first but for `sent` bytes, which went out.
  void finish_front(std::size_t sent) {
    auto rest = outbox_.front();
    drop_front(rest, sent);
    writing_ = true;
    write_started_ = std::chrono::steady_clock::now();
    ws_.next_layer().finish_frame(rest,
                                  [self = self()](error_code broken, std::size_t) { self->written(broken); });
  }

  /// Writes what waits. True: all of it went out, log bytes among it.
  bool write() {
    bool piece = false;
    while (!writing_ && !dead_ && !outbox_.empty() && ws_.is_open()) {
      auto all = outbox_.front();
      error_code failed;
      auto now = ws_.next_layer().free() ? write_now(lowest(), all, failed) : 0;
      if (failed) return fail_later(describe(failed)), false;
      if (now < asio::buffer_size(all)) {
        finish_front(now);
        return false;
      }
      piece = outbox_.pop();
    }
    if (finishing_ && !writing_ && !dead_ && outbox_.empty()) write_close();
    return piece && outbox_.empty();
  }

  void written(error_code failed) {
    writing_ = false;
    if (failed) return fail(failed);
    bool piece = outbox_.pop();
    piece = write() || piece;
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

  // First what each send touches.
  bool writing_ = false, finishing_ = false, dead_ = false;
  outbox outbox_; ///< its first batch is under way while `writing_`
  websocket::stream<gated_socket, false> ws_;
  std::size_t most_;
  asio::steady_timer closing_;
  tcp::resolver resolver_;
  link_user* user_;
  std::string peer_, target_;
  byte_buffer buffer_;
  std::string text_;
  std::chrono::steady_clock::time_point write_started_;
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
