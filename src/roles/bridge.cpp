#include "roles/bridge.hpp"

#include "actors/node_actors.hpp"
#include "actors/system.hpp"
#include "plane/pending_reply.hpp"

#include <future>
#include <thread>

namespace sluice::roles {

namespace {

/// After this the actor system is left behind rather than waited for.
constexpr std::chrono::seconds shutdown_limit{10};

actors::node_context_ptr make_context(const control_node_options& options, plane::control_sockets* sockets,
                                      plane::data* data, logger log) {
  auto node = std::make_shared<actors::node_context>();
  node->self = options.self;
  node->directories = options.directories;
  node->limits = options.limits;
  if (!options.state_dir.empty())
    node->list_file = options.state_dir + "/relays-" + options.self.id + ".json";
  node->sockets = sockets;
  node->data = data;
  node->board = std::make_shared<actors::status_board>(options.directories);
  node->log = std::move(log);
  return node;
}

/// Longer than the locator needs with every directory silent.
std::chrono::milliseconds answer_limit_of(const control_node_options& options) {
  auto asked = static_cast<int>(options.directories.size()) + 1;
  return std::max(options.limits.enumerate, options.limits.request) * asked + std::chrono::seconds(1);
}

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
  [[nodiscard]] directory_figures figures() const noexcept {
    return {gauges_->frozen, gauges_->relays_left_out, gauges_->untracked_streams};
  }

private:
  /// Of the directory this node is; none elsewhere.
  [[nodiscard]] std::optional<actors::directory_config> directory() const;

  control_node_options options_;
  actors::node_context_ptr node_;
  std::chrono::milliseconds answer_limit_;
  actors::node_actors actors_;

  /// Builds the actor system, holds it and destroys it: CAF keeps a reference to a system's logger in the
  /// thread that built it, and the destructor waits for that reference for ever when it runs elsewhere.
  std::thread holder_;
  std::promise<void> stop_;
  std::future<void> ended_;

  std::shared_ptr<actors::directory_gauges> gauges_ = std::make_shared<actors::directory_gauges>();
  /// The last list of streams a directory gave; only touched by the asker.
  std::shared_ptr<std::vector<cluster::stream_announcement>> last_streams_ =
      std::make_shared<std::vector<cluster::stream_announcement>>();
};

control_node::bridge::bridge(control_node_options options, plane::control_sockets* sockets, plane::data* data,
                             logger log)
    : options_(std::move(options)), node_(make_context(options_, sockets, data, std::move(log))),
      answer_limit_(answer_limit_of(options_)), actors_(node_) {}

void control_node::bridge::start() {
  if (holder_.joinable()) return;
  std::promise<void> up, down;
  auto started = up.get_future();
  ended_ = down.get_future();
  holder_ =
      std::thread([this, up = std::move(up), until = stop_.get_future(), down = std::move(down)]() mutable {
        auto system = std::make_unique<actors::system>();
        actors_.spawn(system->get(), directory());
        up.set_value();
        until.wait();
        actors_.end(system->get());
        // From here on only what this function owns is touched: `stop` may have given up waiting.
        system.reset();
        down.set_value();
      });
  started.wait();
}

std::optional<actors::directory_config> control_node::bridge::directory() const {
  if (!options_.serve_directory) return std::nullopt;
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
  return config;
}

void control_node::bridge::enumerate(stream_key key, plane::executor& caller,
                                     plane::reply<cluster::enumeration> done) {
  auto owed = plane::make_pending<cluster::enumeration>(caller, std::move(done));
  actors_.ask([owed, key, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::enumerate_atom_v, key.str())
        .then([owed](actors::enumerate_answer& answer) { owed->send(std::move(answer.found)); },
              [owed](const caf::error& e) { owed->send(actors::from_caf(e)); });
  });
}

void control_node::bridge::recall(stream_key key, plane::executor& caller,
                                  plane::reply<plane::stream_memory> done) {
  auto owed = plane::make_pending<plane::stream_memory>(caller, std::move(done));
  actors_.ask([owed, key, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::recall_atom_v, key.str())
        .then([owed](actors::recall_answer& answer) { owed->send(to_memory(std::move(answer.known))); },
              [owed](const caf::error& e) { owed->send(actors::from_caf(e)); });
  });
}

void control_node::bridge::announce(cluster::stream_announcement stream) {
  actors::announce_request request;
  request.stream = std::move(stream);
  request.boot_nonce = options_.self.boot_nonce;
  actors_.tell_agent(actors::announce_atom_v, request);
}

void control_node::bridge::withdraw(stream_key key, epoch log_epoch) {
  actors::withdraw_request request;
  request.key = key.str();
  request.log_epoch = log_epoch;
  actors_.tell_agent(actors::withdraw_atom_v, request);
}

void control_node::bridge::streams(plane::executor& caller, plane::reply<plane::stream_list> done) {
  auto owed = plane::make_pending<plane::stream_list>(caller, std::move(done));
  actors_.ask([owed, last = last_streams_, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::streams_atom_v)
        .then(
            [owed, last](actors::stream_page& page) {
              *last = page.streams;
              owed->send(plane::stream_list{true, std::move(page.streams)});
            },
            [owed, last](const caf::error&) {
              owed->send(plane::stream_list{false, *last});
            });
  });
}

void control_node::bridge::nodes(plane::executor& caller,
                                 plane::reply<std::vector<cluster::node_view>> done) {
  auto owed = plane::make_pending<std::vector<cluster::node_view>>(caller, std::move(done));
  actors_.ask([owed, limit = answer_limit_](auto* self, const auto& locator) {
    self->request(locator, limit, actors::nodes_atom_v)
        .then([owed](actors::node_page& page) { owed->send(std::move(page.nodes)); },
              [owed](const caf::error& e) { owed->send(actors::from_caf(e)); });
  });
}

void control_node::bridge::set_draining(bool draining) {
  actors_.tell_agent(actors::drain_atom_v, draining);
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
control_node::directory_figures control_node::figures() const {
  return bridge_->figures();
}
std::shared_ptr<const cluster::snapshot> control_node::relay_list() const {
  return bridge_->list();
}

} // namespace sluice::roles
