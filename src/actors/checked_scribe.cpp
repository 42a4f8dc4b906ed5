#include "actors/checked_scribe.hpp"

#include <caf/io/basp/header.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/policy/tcp.hpp>
#include <fmt/format.h>

#include <atomic>

namespace sluice::actors {

namespace {

namespace network = caf::io::network;
using buffer = std::vector<char>;

static_assert(basp_header_size == caf::io::basp::header_size);

/// A buffer that had to hold more is given back: 10,000 connections would keep a list of relays each.
constexpr std::size_t kept_capacity = 1024;

void give_back(buffer& unused) {
  if (unused.capacity() > kept_capacity) buffer().swap(unused);
}

/// CAF files connections under a number, and by default takes the descriptor's. What it does late about one
/// that ended would then hit the next one with that descriptor.
caf::io::connection_handle next_handle() {
  static std::atomic<std::int64_t> last{0};
  return caf::io::connection_handle::from_int(++last);
}

/// Where CAF's stream gets its bytes. It collects a header whole before anybody looks at it.
class checked_tcp : public caf::policy::tcp {
public:
  checked_tcp(plane::control_line& line, basp_sender remote) : line_(line), filter_(remote) {}

  network::rw_state read_some(std::size_t& size, network::native_socket fd, void* to, std::size_t room) {
    auto state = tcp::read_some(size, fd, to, room);
    if (state != network::rw_state::success || size == 0) return state;
    line_.heard();
    auto verdict = filter_.check({static_cast<const std::uint8_t*>(to), size});
    if (verdict) return state;
    line_.end(plane::line_fault::bad_header, verdict.error().message);
    return network::rw_state::failure;
  }

private:
  plane::control_line& line_;
  basp_filter filter_;
};

class checked_scribe final : public caf::io::scribe {
public:
  checked_scribe(network::default_multiplexer& mpx, plane::control_line_ptr line, basp_sender remote)
      : scribe(next_handle()), stream_(mpx, line->take(), *line, remote), line_(std::move(line)) {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(launched_, true)) stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  buffer& wr_buf() override { return stream_.wr_buf(); }
  buffer& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

  std::string addr() const override {
    auto known = network::remote_addr_of_fd(stream_.fd());
    return known ? *known : std::string();
  }
  std::uint16_t port() const override {
    auto known = network::remote_port_of_fd(stream_.fd());
    return known ? *known : std::uint16_t{0};
  }

  void flush() override {
    stream_.flush(this);
    auto& waiting = stream_.wr_buf();
    if (waiting.empty())
      give_back(waiting);
    else if (waiting.size() > max_unread)
      line_->end(plane::line_fault::unread, fmt::format("{} bytes wait to be read", waiting.size()));
  }
  bool consume(caf::execution_unit* here, const void* bytes, std::size_t size) override {
    bool more = scribe::consume(here, bytes, size);
    give_back(rd_buf());
    return more;
  }

private:
  bool launched_ = false;
  network::stream_impl<checked_tcp> stream_; ///< closes the descriptor
  plane::control_line_ptr line_;             ///< ends before that
};

} // namespace

caf::io::scribe_ptr make_checked_scribe(network::default_multiplexer& network, plane::control_line_ptr line,
                                        basp_sender remote) {
  return caf::make_counted<checked_scribe>(network, std::move(line), remote);
}

} // namespace sluice::actors
