#include "roles/bridge.hpp"

#include "actors/directory.hpp"
#include "actors/fd_transport.hpp"
#include "actors/locator.hpp"
#include "actors/node_agent.hpp"
#include "actors/system.hpp"
#include "plane/pending_reply.hpp"

#include <cstdio>
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

private:
  void start_directory();
  void put(question q);
  void end_actors();
  template <class... Parts>
  void tell_agent(const Parts&... parts);

  control_node_options options_;
  plane::control_sockets* sockets_;
  actors::node_context_ptr node_;
  /// Longer than the locator needs with every directory silent.
  std::chrono::milliseconds answer_limit_;

  std::mutex mutex_; ///< guards the handles below, which callers use while `stop` drops them
  std::unique_ptr<actors::system> system_;
  caf::actor asker_;
  actors::agent_actor agent_;
  actors::locator_actor locator_;
  actors::directory_actor directory_;
  std::shared_ptr<serve_gate> gate_;
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
  std::lock_guard lock(mutex_);
  if (system_) return;
  system_ = std::make_unique<actors::system>();
  auto& sys = system_->get();
  if (options_.serve_directory) start_directory();
  locator_ = sys.spawn(actors::locator, node_);
  asker_ = sys.spawn(asker, locator_);
  actors::agent_config agent;
  agent.node = node_;
  agent.local = directory_;
  agent.locator = locator_;
  agent_ = sys.spawn(actors::node_agent, std::move(agent));
}

void control_node::bridge::start_directory() {
  actors::directory_config config;
  config.options.id = options_.self.id;
  config.options.boot_nonce = options_.self.boot_nonce;
  config.options.rules = options_.rules;
  config.options.suspect_after = options_.suspect_after;
  config.options.expire_after = options_.expire_after;
  config.step = options_.directory_step;
  config.log = node_->log;
  directory_ = system_->get().spawn(actors::directory, std::move(config));
  if (!sockets_) return;
  gate_ = std::make_shared<serve_gate>(directory_);
  sockets_->serve([gate = gate_](int fd) { gate->accept(fd); });
}

void control_node::bridge::put(question q) {
  caf::actor asker_now;
  {
    std::lock_guard lock(mutex_);
    asker_now = asker_;
    // Sent under the lock: after `stop` took the handle, nobody holds one.
    if (asker_now) caf::anon_send(asker_now, std::move(q));
    asker_now = nullptr;
  }
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

void control_node::bridge::end_actors() {
  if (gate_) gate_->close();
  {
    caf::scoped_actor self(system_->get());
    self->request(agent_, options_.limits.leave * 3, actors::leave_atom_v)
        .receive([](bool) {}, [](const caf::error&) {});
    for (const auto& one :
         {asker_, caf::actor_cast<caf::actor>(locator_), caf::actor_cast<caf::actor>(agent_)})
      caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    /*DBG*/ locator_->attach_functor([] { fprintf(stderr, "locator end\n"); });
    asker_->attach_functor([] { fprintf(stderr, "asker end\n"); });
    agent_->attach_functor([] { fprintf(stderr, "agent end\n"); });
    if (directory_) directory_->attach_functor([] { fprintf(stderr, "dir end\n"); });
    fprintf(stderr, "running %zu\n", system_->get().registry().running());
    if (directory_) caf::anon_send_exit(directory_, caf::exit_reason::user_shutdown);
  }
  asker_ = nullptr;
  agent_ = nullptr;
  locator_ = nullptr;
  directory_ = nullptr;
}

void control_node::bridge::stop() {
  std::unique_ptr<actors::system> ending;
  {
    std::lock_guard lock(mutex_);
    if (!system_) return;
    end_actors();
    ending = std::move(system_);
  }
  // CAF's destructor waits for all actors and has no limit of its own.
  std::promise<void> ended;
  auto over = ended.get_future();
  for (int i = 0; i < 20; i++) {
    fprintf(stderr, "running now %zu\n", ending->get().registry().running());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::thread end([system = std::move(ending), ended = std::move(ended)]() mutable {
    system.reset();
    ended.set_value();
  });
  if (over.wait_for(shutdown_limit) == std::future_status::ready) {
    end.join();
    return;
  }
  node_->log.error("the control plane did not end in time and is left behind", "limit_s",
                   shutdown_limit.count());
  end.detach();
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
std::shared_ptr<const cluster::snapshot> control_node::relay_list() const {
  return bridge_->list();
}

} // namespace sluice::roles
