#include "roles/bridge.hpp"

#include "actors/directory.hpp"
#include "actors/fd_transport.hpp"
#include "actors/locator.hpp"
#include "actors/node_agent.hpp"
#include "actors/system.hpp"
#include "plane/pending_reply.hpp"

#include <future>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace sluice::roles {

namespace {

/// A question of the data plane, to be put by the asking actor, whose end is the end of the question.
struct question {
  std::function<void(caf::event_based_actor*, const actors::locator_actor&)> ask;
};

/// After this the actor system is left behind rather than waited for.
constexpr std::chrono::seconds shutdown_limit{10};

} // namespace

} // namespace sluice::roles

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::roles::question)

namespace sluice::roles {

namespace {

caf::behavior asker(caf::event_based_actor* self, actors::locator_actor locator) {
  return {[self, locator](question& q) { q.ask(self, locator); }};
}

// Where an accepted peer meets the directory, which may have ended by then.
class serve_gate {
public:
  explicit serve_gate(actors::directory_actor directory) : directory_(std::move(directory)) {}
  void accept(int fd) {
    std::lock_guard lock(mutex_);
    if (directory_)
      actors::serve_fd(directory_.home_system(), fd, directory_);
    else
      ::close(fd);
  }
  void close() {
    std::lock_guard lock(mutex_);
    directory_ = nullptr;
  }

private:
  std::mutex mutex_;
  actors::directory_actor directory_;
};

plane::stream_memory to_memory(cluster::stream_recall known) {
  plane::stream_memory out;
  out.last = known.last;
  out.last_timestamp = known.last_timestamp;
  out.live_origin = std::move(known.live_origin);
  return out;
}

} // namespace

class control_node::bridge final : public plane::control {
public:
  bridge(control_node_options options, plane::control_sockets* sockets, plane::data* data, logger log);

  void start();
  void stop();
  void set_draining(bool draining);

  void enumerate(stream_key key, plane::executor& caller, plane::reply<cluster::enumeration> done) override;
  void recall(stream_key key, plane::executor& caller, plane::reply<plane::stream_memory> done) override;
  void announce(cluster::stream_announcement stream) override;
  void withdraw(stream_key key, epoch log_epoch) override;
  void streams(plane::executor& caller, plane::reply<plane::stream_list> done) override;
  void nodes(plane::executor& caller, plane::reply<std::vector<cluster::node_view>> done) override;
  [[nodiscard]] plane::control_status status() const override { return node_->board->read(); }
  [[nodiscard]] std::shared_ptr<const cluster::snapshot> list() const { return node_->board->list(); }
  [[nodiscard]] std::uint64_t relays_left_out() const noexcept { return gauges_->relays_left_out; }

private:
  void spawn_actors(caf::actor_system& sys);
  void spawn_directory(caf::actor_system& sys);
  void end_actors(caf::actor_system& sys);
  void put(question q);
  template <class... Parts>
  void tell_agent(const Parts&... parts);

  control_node_options options_;
  plane::control_sockets* sockets_;
  actors::node_context_ptr node_;
  /// Longer than the locator needs with every directory silent.
  std::chrono::milliseconds answer_limit_;

  /// Builds the actor system, holds it and destroys it: CAF keeps a reference to a system's logger in the
  /// thread that built it, and the destructor waits for that reference for ever when it runs elsewhere.
  std::thread holder_;
  std::promise<void> stop_;
  std::future<void> ended_;

  std::mutex mutex_; ///< guards the handles below, which callers use while the holder drops them
  caf::actor asker_;
  actors::agent_actor agent_;
  actors::locator_actor locator_;
  actors::directory_actor directory_;
  std::shared_ptr<serve_gate> gate_;
  std::shared_ptr<actors::directory_gauges> gauges_ = std::make_shared<actors::directory_gauges>();
  /// The last list of streams a directory gave; only touched by the asker.
  std::shared_ptr<std::vector<cluster::stream_announcement>> last_streams_ =
      std::make_shared<std::vector<cluster::stream_announcement>>();
};

control_node::bridge::bridge(control_node_options options, plane::control_sockets* sockets, plane::data* data,
                             logger log)
    : options_(std::move(options)), sockets_(sockets) {
  auto node = std::make_shared<actors::node_context>();
  node->self = options_.self;
  node->directories = options_.directories;
  node->limits = options_.limits;
  if (!options_.state_dir.empty())
    node->list_file = options_.state_dir + "/relays-" + options_.self.id + ".json";
  node->sockets = sockets;
  node->data = data;
  node->board = std::make_shared<actors::status_board>(options_.directories);
  node->log = std::move(log);
  auto asked = static_cast<int>(options_.directories.size()) + 1;
  answer_limit_ =
      std::max(options_.limits.enumerate, options_.limits.request) * asked + std::chrono::seconds(1);
  node_ = std::move(node);
}

void control_node::bridge::start() {
  if (holder_.joinable()) return;
  std::promise<void> up, down;
  auto started = up.get_future();
  ended_ = down.get_future();
  holder_ =
      std::thread([this, up = std::move(up), until = stop_.get_future(), down = std::move(down)]() mutable {
        auto system = std::make_unique<actors::system>();
        spawn_actors(system->get());
        up.set_value();
        until.wait();
        end_actors(system->get());
        // From here on only what this function owns is touched: `stop` may have given up waiting.
        system.reset();
        down.set_value();
      });
  started.wait();
}

void control_node::bridge::spawn_actors(caf::actor_system& sys) {
  std::lock_guard lock(mutex_);
  if (options_.serve_directory) spawn_directory(sys);
  locator_ = sys.spawn(actors::locator, node_);
  asker_ = sys.spawn(asker, locator_);
  actors::agent_config agent;
  agent.node = node_;
  agent.local = directory_;
  agent.locator = locator_;
  agent_ = sys.spawn(actors::node_agent, std::move(agent));
}

void control_node::bridge::spawn_directory(caf::actor_system& sys) {
  actors::directory_config config;
  config.options.id = options_.self.id;
  config.options.boot_nonce = options_.self.boot_nonce;
  config.options.rules = options_.rules;
  config.options.suspect_after = options_.suspect_after;
  config.options.expire_after = options_.expire_after;
  config.step = options_.directory_step;
  if (options_.store) config.store = std::make_shared<actors::store_link>(*options_.store);
  config.gauges = gauges_;
  config.log = node_->log;
  directory_ = sys.spawn(actors::directory, std::move(config));
  if (!sockets_) return;
  gate_ = std::make_shared<serve_gate>(directory_);
  sockets_->serve([gate = gate_](int fd) { gate->accept(fd); });
}

void control_node::bridge::put(question q) {
  std::lock_guard lock(mutex_);
  if (asker_) caf::anon_send(asker_, std::move(q));
}

template <class... Parts>
void control_node::bridge::tell_agent(const Parts&... parts) {
  std::lock_guard lock(mutex_);
  if (agent_) caf::anon_send(agent_, parts...);
}

void control_node::bridge::enumerate(stream_key key, plane::executor& caller,
                                     plane::reply<cluster::enumeration> done) {
  auto owed = plane::make_pending<cluster::enumeration>(caller, std::move(done));
  put({[owed, key, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::enumerate_atom_v, key.str())
        .then([owed](actors::enumerate_answer& answer) { owed->send(std::move(answer.found)); },
              [owed](const caf::error& e) { owed->send(actors::from_caf(e)); });
  }});
}

void control_node::bridge::recall(stream_key key, plane::executor& caller,
                                  plane::reply<plane::stream_memory> done) {
  auto owed = plane::make_pending<plane::stream_memory>(caller, std::move(done));
  put({[owed, key, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::recall_atom_v, key.str())
        .then([owed](actors::recall_answer& answer) { owed->send(to_memory(std::move(answer.known))); },
              [owed](const caf::error& e) { owed->send(actors::from_caf(e)); });
  }});
}

void control_node::bridge::announce(cluster::stream_announcement stream) {
  actors::announce_request request;
  request.stream = std::move(stream);
  request.boot_nonce = options_.self.boot_nonce;
  tell_agent(actors::announce_atom_v, request);
}

void control_node::bridge::withdraw(stream_key key, epoch log_epoch) {
  actors::withdraw_request request;
  request.key = key.str();
  request.log_epoch = log_epoch;
  tell_agent(actors::withdraw_atom_v, request);
}

void control_node::bridge::streams(plane::executor& caller, plane::reply<plane::stream_list> done) {
  auto owed = plane::make_pending<plane::stream_list>(caller, std::move(done));
  put({[owed, last = last_streams_, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::streams_atom_v)
        .then(
            [owed, last](actors::stream_page& page) {
              *last = page.streams;
              owed->send(plane::stream_list{true, std::move(page.streams)});
            },
            [owed, last](const caf::error&) {
              owed->send(plane::stream_list{false, *last});
            });
  }});
}

void control_node::bridge::nodes(plane::executor& caller,
                                 plane::reply<std::vector<cluster::node_view>> done) {
  auto owed = plane::make_pending<std::vector<cluster::node_view>>(caller, std::move(done));
  put({[owed, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::nodes_atom_v)
        .then([owed](actors::node_page& page) { owed->send(std::move(page.nodes)); },
              [owed](const caf::error& e) { owed->send(actors::from_caf(e)); });
  }});
}

void control_node::bridge::set_draining(bool draining) {
  tell_agent(actors::drain_atom_v, draining);
}

void control_node::bridge::end_actors(caf::actor_system& sys) {
  if (gate_) gate_->close();
  caf::actor asker_last;
  actors::agent_actor agent;
  actors::locator_actor locator;
  actors::directory_actor directory;
  {
    std::lock_guard lock(mutex_);
    std::swap(asker_last, asker_);
    std::swap(agent, agent_);
    std::swap(locator, locator_);
    std::swap(directory, directory_);
  }
  caf::scoped_actor self(sys);
  self->request(agent, options_.limits.leave * 3, actors::leave_atom_v)
      .receive([](bool) {}, [](const caf::error&) {});
  self->send_exit(asker_last, caf::exit_reason::user_shutdown);
  self->send_exit(locator, caf::exit_reason::user_shutdown);
  self->send_exit(agent, caf::exit_reason::user_shutdown);
  if (directory) self->send_exit(directory, caf::exit_reason::user_shutdown);
}

void control_node::bridge::stop() {
  if (!holder_.joinable()) return;
  stop_.set_value();
  // CAF's destructor waits for every actor and has no limit of its own.
  if (ended_.wait_for(shutdown_limit) == std::future_status::ready) {
    holder_.join();
    return;
  }
  node_->log.error("the control plane did not end in time and is left behind", "limit_s",
                   shutdown_limit.count());
  holder_.detach();
}

control_node::control_node(control_node_options options, plane::control_sockets* sockets, plane::data* data,
                           logger log)
    : bridge_(std::make_unique<bridge>(std::move(options), sockets, data, std::move(log))) {}

control_node::~control_node() {
  stop();
}

void control_node::start() {
  bridge_->start();
}
void control_node::stop() {
  bridge_->stop();
}
plane::control& control_node::control() noexcept {
  return *bridge_;
}
void control_node::set_draining(bool draining) {
  bridge_->set_draining(draining);
}
std::uint64_t control_node::relays_left_out() const {
  return bridge_->relays_left_out();
}
std::shared_ptr<const cluster::snapshot> control_node::relay_list() const {
  return bridge_->list();
}

} // namespace sluice::roles
