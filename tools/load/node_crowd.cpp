#include "node_crowd.hpp"

#include "actors/basp_header.hpp"
#include "base/host_port.hpp"
#include "net/control/proof.hpp"
#include "net/core/timer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <future>

namespace sluice::load {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using actors::basp_operation;
using asio::ip::tcp;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

/// Nodes on their way into the list: fewer than the guard proves at a time.
constexpr std::size_t max_entering = 128;
constexpr auto beat_step = 10ms;
constexpr std::uint8_t named_receiver = 1;

// What answers a request says its type, readable in the message.
std::string_view right_answer(std::uint64_t request) {
  if (request == node_words::registers) return "sluice::actors::register_answer";
  if (request == node_words::watches) return "sluice::actors::snapshot_update";
  return "sluice::actors::heartbeat_answer";
}

} // namespace

// Lives as long as the crowd or a member. On the worker, but for `entered`.
struct node_crowd::core : std::enable_shared_from_this<core> {
  class member;

  core(net::worker& worker, node_words w, crowd_options o)
      : home(worker), words(std::move(w)), options(std::move(o)), due(worker.io()) {}

  net::worker& home;
  const node_words words;
  const crowd_options options;
  tcp::endpoint directory;
  net::timer due;
  std::vector<std::shared_ptr<member>> members;
  std::size_t next_beat = 0; ///< whose turn it is
  double beats_owed = 0;
  std::chrono::steady_clock::time_point beaten{};
  crowd_tally told;
  bool closed = false;
  std::promise<result<void>> entered;
  bool decided = false;                       ///< `entered` has its value
  std::array<std::uint8_t, 64 * 1024> room{}; ///< what a member has just read

  void more();
  void listed();
  void lost(const error& why);
  void beat();
  void close();

private:
  void decide(const result<void>& outcome) {
    if (!std::exchange(decided, true)) entered.set_value(outcome);
  }
};

// One node: its connection, and how far the conversation is.
class node_crowd::core::member : public std::enable_shared_from_this<member> {
public:
  member(std::shared_ptr<core> all, std::size_t number)
      : all_(std::move(all)), socket_(all_->home.io()), number_(number) {}

  asio::awaitable<void> live() {
    auto self = shared_from_this();
    auto [unreachable] = co_await socket_.async_connect(all_->directory, token);
    if (unreachable) co_return end({errc::io, unreachable.message()});
    auto proven = co_await net::prove_as_client(socket_, identity_);
    if (!proven) co_return end(proven.error());
    boost::system::error_code failure;
    socket_.set_option(tcp::no_delay(true), failure);
    socket_.non_blocking(true, failure);
    while (!failure) {
      std::tie(failure) = co_await socket_.async_wait(tcp::socket::wait_read, token);
      if (!failure) read(failure);
    }
    end({errc::closed, failure.message()});
  }

  void beat() {
    if (!listed_) return;
    say(all_->words.heartbeat(number_, ++last_request_));
    ++all_->told.beats;
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  void end(const error& why) {
    close();
    listed_ = false;
    if (!std::exchange(ended_, true))
      all_->lost({why.code, fmt::format("node {}: {}", number_, why.message)});
  }

private:
  void read(boost::system::error_code& failure) {
    auto size = socket_.read_some(asio::buffer(all_->room), failure);
    if (failure == asio::error::would_block) failure = {};
    heard_.insert(heard_.end(), all_->room.begin(), all_->room.begin() + static_cast<std::ptrdiff_t>(size));
    byte_view rest = heard_;
    while (rest.size() >= actors::basp_header_size) {
      auto header = actors::read_basp_header(rest.first<actors::basp_header_size>());
      if (rest.size() - actors::basp_header_size < header.payload_size) break;
      hear(header, rest.subspan(actors::basp_header_size, header.payload_size));
      rest = rest.subspan(actors::basp_header_size + header.payload_size);
    }
    heard_ = byte_buffer(rest.begin(), rest.end());
  }

  void hear(const actors::basp_header& header, byte_view payload) {
    if (header.operation == basp_operation::server_handshake) say(all_->words.greeting(number_));
    if (header.operation != basp_operation::direct_message) return;
    caf::message_id id{header.operation_data};
    if ((header.flags & named_receiver) != 0)
      say(all_->words.entrance(number_, header.source_actor));
    else if (header.destination_actor == node_words::greeter)
      say(all_->words.observe(number_, header.source_actor));
    else if (id.is_response())
      answered(id.request_id().integer_value(), as_text(payload));
    else
      ++all_->told.news;
  }

  void answered(std::uint64_t request, std::string_view payload) {
    if (payload.find(right_answer(request)) == payload.npos)
      return end({errc::conflict, fmt::format("the directory refused request {}", request)});
    if (request == node_words::registers) return say(all_->words.watch(number_));
    if (request > node_words::watches) return void(++all_->told.renewed);
    listed_ = true;
    last_request_ = request;
    beat();
    all_->listed();
  }

  // The kernel always has room for so little, unless the directory has stopped to read.
  void say(const byte_buffer& bytes) {
    boost::system::error_code failure;
    if (socket_.write_some(asio::buffer(bytes), failure) != bytes.size())
      end({errc::timed_out, failure ? failure.message() : "the directory does not read"});
  }

  std::shared_ptr<core> all_;
  net::proof_identity identity_{"sluice", ""};
  tcp::socket socket_;
  std::size_t number_;
  std::uint64_t last_request_ = 0;
  bool listed_ = false, ended_ = false;
  byte_buffer heard_; ///< a packet that is not whole yet
};

void node_crowd::core::more() {
  while (!closed && members.size() < options.count &&
         members.size() - told.listed - told.lost < max_entering) {
    auto one = std::make_shared<member>(shared_from_this(), options.first + members.size());
    members.push_back(one);
    asio::co_spawn(home.io(), one->live(), [one](std::exception_ptr bug) {
      if (bug) one->end({errc::io, "its connection threw"});
    });
  }
}

void node_crowd::core::listed() {
  if (++told.listed == options.count) decide({});
  more();
}

void node_crowd::core::lost(const error& why) {
  if (closed) return;
  ++told.lost;
  decide(why);
}

// Each in its turn, so that the directory hears them spread over the period.
void node_crowd::core::beat() {
  auto now = std::chrono::steady_clock::now();
  if (beaten != decltype(beaten){})
    beats_owed += static_cast<double>(members.size()) * (std::chrono::duration<double>(now - beaten) /
                                                         std::chrono::duration<double>(options.period));
  beaten = now;
  for (; beats_owed >= 1; --beats_owed)
    members[next_beat++ % members.size()]->beat();
  due.after(beat_step, [this] { beat(); });
}

void node_crowd::core::close() {
  closed = true;
  due.cancel();
  for (auto& one : members)
    one->close();
  members.clear();
}

std::string crowd_tally::json() const {
  return fmt::format(R"({{"listed": {}, "beats": {}, "renewed": {}, "news": {}, "lost": {}}})", listed, beats,
                     renewed, news, lost);
}

node_crowd::node_crowd(net::worker& home, node_words words, crowd_options options)
    : core_(std::make_shared<core>(home, std::move(words), std::move(options))) {}

node_crowd::~node_crowd() {
  stop();
}

result<void> node_crowd::enter(std::chrono::milliseconds limit) {
  auto where = host_port::parse(core_->options.directory);
  if (!where) return where.error();
  boost::system::error_code bad;
  core_->directory = {asio::ip::make_address(where->host, bad), where->port};
  if (bad) return error{errc::bad_argument, fmt::format("{}: {}", where->host, bad.message())};
  if (core_->options.count == 0) return {};
  auto entered = core_->entered.get_future();
  core_->home.post([core = core_] {
    core->more();
    core->beat();
  });
  if (entered.wait_for(limit) == std::future_status::ready) return entered.get();
  return error{errc::timed_out, fmt::format("not all nodes are listed after {} ms", limit.count())};
}

crowd_tally node_crowd::stop() {
  std::promise<crowd_tally> told;
  core_->home.post([&, core = core_] {
    core->close();
    told.set_value(core->told);
  });
  return told.get_future().get();
}

} // namespace sluice::load
