#include "directory_link.hpp"

#include "actors/dial_gate.hpp"
#include "node_words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::load {

using namespace std::chrono_literals;
using namespace actors;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto limit = 5s;

caf::behavior beating(caf::event_based_actor* self, directory_actor to,
                      std::vector<cluster::node_heartbeat> nodes, std::chrono::milliseconds period) {
  self->send(self, step_atom_v);
  return {[=](step_atom) {
    self->delayed_send(self, period, step_atom_v);
    for (const auto& node : nodes) {
      heartbeat_request request;
      request.beat = node;
      self->request(to, limit, heartbeat_atom_v, std::move(request))
          .then([](const heartbeat_answer&) {}, [](const caf::error&) {});
    }
  }};
}

struct asker_state {
  directory_actor to;
  std::size_t keys = 0, next = 0;
  std::uint64_t list = 0;
  std::shared_ptr<tally> got;

  void ask(caf::stateful_actor<asker_state>* self) {
    stream_query query;
    query.key = fmt::format("live/room{}", next++ % keys);
    query.list = list;
    auto asked = clock::now();
    self->request(to, limit, enumerate_atom_v, std::move(query))
        .then(
            [this, self, asked](const enumerate_answer&) {
              auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - asked);
              got->took_us.push_back(static_cast<std::uint32_t>(took.count()));
              ++got->answers;
              ask(self);
            },
            [this, self](const caf::error&) {
              ++got->failures;
              ask(self);
            });
  }
};

caf::behavior asking(caf::stateful_actor<asker_state>* self, asker_state start, std::size_t window) {
  self->state = std::move(start);
  for (std::size_t i = 0; i < window; ++i)
    self->state.ask(self);
  return {[self](down_atom) {
    self->quit();
    return true;
  }};
}

} // namespace

tally& tally::operator+=(const tally& other) {
  answers += other.answers;
  failures += other.failures;
  took_us.insert(took_us.end(), other.took_us.begin(), other.took_us.end());
  return *this;
}

std::string tally::json(double seconds) {
  std::sort(took_us.begin(), took_us.end());
  auto at = [this](double share) {
    auto last = static_cast<double>(took_us.size() - 1);
    return took_us.empty() ? 0 : took_us[static_cast<std::size_t>(share * last)];
  };
  return fmt::format(
      R"({{"seconds": {}, "answers": {}, "failures": {}, "p50_us": {}, "p99_us": {}, "max_us": {}}})",
      seconds, answers, failures, at(0.5), at(0.99), at(1));
}

result<std::unique_ptr<directory_link>> directory_link::connect(net::guard& sockets,
                                                                const std::string& address) {
  std::unique_ptr<directory_link> out(new directory_link);
  auto gate = std::make_shared<dial_gate>(caf::actor_cast<link_actor>(out->self_), limit);
  gate->dial(sockets, address);
  std::string problem;
  out->self_->receive(
      [&](up_atom, const caf::strong_actor_ptr& peer) {
        out->directory_ = caf::actor_cast<directory_actor>(peer);
      },
      [&](down_atom, const std::string& reason) { problem = reason; });
  gate->close();
  if (!problem.empty()) return error{errc::unavailable, problem};
  return out;
}

directory_link::~directory_link() {
  for (auto* one : {&beats_, &asker_})
    if (*one) caf::anon_send_exit(*one, caf::exit_reason::user_shutdown);
}

result<void> directory_link::enter(std::size_t number, bool relay) {
  auto request = registration(number, relay);
  result<void> out;
  self_->request(directory_, limit, register_atom_v, request)
      .receive([](const register_answer&) {}, [&](const caf::error& e) { out = from_caf(e); });
  if (!out) return out;
  cluster::node_heartbeat beat;
  beat.id = request.node.id;
  beat.boot_nonce = request.node.boot_nonce;
  nodes_.push_back(std::move(beat));
  return {};
}

void directory_link::keep_alive(std::chrono::milliseconds period) {
  beats_ = system_.get().spawn(beating, directory_, nodes_, period);
}

void directory_link::ask(std::size_t window, std::size_t keys) {
  std::uint64_t list = 0;
  self_->request(directory_, limit, overview_atom_v)
      .receive([&](const overview_answer& answer) { list = answer.overview.digest; },
               [](const caf::error&) {});
  asker_ = system_.get().spawn(asking, asker_state{directory_, keys, 0, list, got_}, window);
}

tally directory_link::stop() {
  self_->request(asker_, limit, down_atom_v).receive([](bool) {}, [](const caf::error&) {});
  asker_ = nullptr;
  return std::move(*got_);
}

} // namespace sluice::load
