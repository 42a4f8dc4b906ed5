#include "net/ingest/flv_post.hpp"

#include "media/flv/reader.hpp"
#include "net/http/linger.hpp"
#include "net/http/reply.hpp"
#include "net/ingest/watchdog.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>

namespace sluice::net {

namespace {

namespace http_ = boost::beast::http;

constexpr std::size_t read_size = 64 * 1024;

// Tells a body that cannot be read from a connection that broke.
bool breaks_http(const boost::system::error_code& failed) {
  return failed && failed.category() == http_::make_error_code(http_::error::bad_chunk).category() &&
         failed != http_::error::partial_message && failed != http_::error::end_of_stream;
}

class flv_post final : public media::flv_handler, public std::enable_shared_from_this<flv_post> {
public:
  flv_post(worker& home, std::shared_ptr<ingest> publishers, post_request request, logger log)
      : home_(home), publishers_(std::move(publishers)), log_(std::move(log)),
        socket_(std::move(request.connection)), buffer_(std::move(request.buffer)),
        parser_(std::move(*request.header)), address_(std::move(request.address)),
        seat_(std::move(request.seat)), peer_(peer_address(socket_)),
        reader_(publishers_->services().intake.max_tag_data), bytes_(read_size),
        watchdog_(home, [this] { close(); }) {
    parser_.body_limit(boost::none);
  }

  asio::awaitable<void> run() {
    // `this` is kept by the coroutine's caller until it ends.
    watchdog_.rest(publishers_->services().between_bytes);
    publisher_slot::evicted evicted = [weak = weak_from_this()](const error& why) {
      if (auto self = weak.lock()) self->evict(why);
    };
    auto admitted = co_await publishers_->publish(address_, peer_, evicted);
    if (!admitted) {
      counters().refused.add();
      log_.warn("publisher refused", "peer", peer_, "stream", address_.key.str(), "why",
                admitted.error().message);
      co_return co_await respond(error_reply(admitted.error()));
    }
    slot_ = std::move(*admitted);
    auto read = co_await read_body();
    slot_->flush();
    bool complete = read && parser_.is_done();
    // A body that ends in good order ends the stream; a broken connection may come back.
    if (complete) slot_->end();
    // Whoever publishes next need not wait until this peer has read its answer.
    slot_.reset();
    if (evicted_) co_return co_await respond(error_reply(*evicted_));
    if (!read) co_return co_await refuse_body(read.error());
    if (complete) {
      http_reply done;
      done.status = http_::status::no_content;
      co_await respond(std::move(done));
    }
  }

private:
  ingest_counters& counters() { return home_.counters().ingest; }

  asio::awaitable<result<void>> read_body() {
    boost::system::error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    if (boost::beast::iequals(parser_.get()[http_::field::expect], "100-continue"))
      co_await asio::async_write(socket_, asio::buffer(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")),
                                 token);
    while (!parser_.is_done() && !failed && !evicted_) {
      auto& body = parser_.get().body();
      body.data = bytes_.data();
      body.size = bytes_.size();
      co_await http_::async_read_some(socket_, buffer_, parser_, token);
      if (failed == http_::error::need_buffer) failed = {};
      auto n = bytes_.size() - body.size;
      counters().received_bytes.add(n);
      watchdog_.rest(publishers_->services().between_bytes);
      if (auto fed = reader_.feed(byte_view(bytes_).first(n), *this); !fed) co_return fed.error();
      slot_->flush();
    }
    if (breaks_http(failed)) co_return error{errc::malformed, "not an HTTP/1.1 body: " + failed.message()};
    co_return result<void>{};
  }

  result<void> on_file_header(media::file_flags) override { return {}; }

  result<void> on_tag(media::tag_type type, std::uint32_t timestamp, byte_view data) override {
    if (auto pushed = slot_->push(type, timestamp, data); !pushed) {
      counters().dropped_packets.add();
      if (dropped_++ == 0)
        log_.warn("packet dropped", "stream", address_.key.str(), "why", pushed.error().message);
    }
    return {};
  }

  asio::awaitable<void> refuse_body(const error& why) {
    counters().protocol_errors.add();
    log_.warn("publisher's body refused", "peer", peer_, "stream", address_.key.str(), "why", why.message);
    co_await respond(error_reply(why));
  }

  asio::awaitable<void> respond(http_reply reply) {
    http_::response<http_::string_body> response(reply.status, 11);
    response.set(http_::field::server, "sluice");
    if (!reply.body.empty()) response.set(http_::field::content_type, reply.content_type);
    response.body() = std::move(reply.body);
    response.keep_alive(false);
    response.prepare_payload();
    boost::system::error_code failed;
    co_await http_::async_write(socket_, response, asio::redirect_error(asio::use_awaitable, failed));
    if (!failed) co_await linger(socket_);
  }

  void evict(const error& why) {
    if (why.code != errc::conflict) return close();
    evicted_ = why;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  worker& home_;
  std::shared_ptr<ingest> publishers_;
  logger log_;
  socket socket_;
  boost::beast::flat_buffer buffer_;
  http_::request_parser<http_::buffer_body> parser_;
  stream_address address_;
  publisher_seat seat_;
  std::string peer_;
  media::flv_reader reader_;
  std::vector<std::uint8_t> bytes_;
  watchdog watchdog_;
  std::unique_ptr<publisher_slot> slot_;
  std::optional<error> evicted_;
  std::uint64_t dropped_ = 0;
};

asio::awaitable<void> run(std::shared_ptr<flv_post> post) {
  co_await post->run();
}

} // namespace

void publish_flv_post(std::shared_ptr<ingest> publishers, post_request request, logger log) {
  auto& home = publishers->workers().home(request.address.key);
  auto moved = move_to(home, std::move(request.connection));
  if (!moved) return log.error("publisher lost", "why", moved.error().message);
  request.connection = std::move(*moved);
  auto post = std::make_shared<flv_post>(home, std::move(publishers), std::move(request), log);
  asio::co_spawn(home.io(), run(std::move(post)), [log](std::exception_ptr failed) {
    try {
      if (failed) std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      log.error("http publisher failed", "what", e.what());
    }
  });
}

} // namespace sluice::net
