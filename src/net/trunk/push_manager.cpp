#include "net/trunk/push_manager.hpp"

#include "net/trunk/pushed_stream.hpp"

namespace sluice::net::trunk {

struct push_manager::state {
  using streams = std::map<stream_key, std::shared_ptr<pushed_stream>>;
  std::shared_ptr<const push_context> context;
  std::vector<streams> by_worker;
};

push_manager::push_manager(stream_hub& hub, plane::control& control, identity self, push_options options,
                           logger log)
    : state_(std::make_shared<state>()) {
  state_->context = std::make_shared<const push_context>(
      push_context{std::move(self), std::move(options), control, hub, std::move(log)});
  state_->by_worker.resize(hub.workers().size());
}

push_manager::~push_manager() {
  stop_all();
}

void push_manager::start(const hosted_stream& h) {
  const auto& key = h.log.key();
  auto& home = state_->context->hub.workers().home(key);
  auto& streams = state_->by_worker[home.index()];
  auto& slot = streams[key];
  if (!slot)
    slot =
        std::make_shared<pushed_stream>(state_->context, key, home, [&streams, key] { streams.erase(key); });
  slot->start(h.log.current()->identity().log_epoch);
}

void push_manager::stop(const stream_key& key, epoch log_epoch) {
  auto& streams = state_->by_worker[state_->context->hub.workers().home(key).index()];
  if (auto found = streams.find(key); found != streams.end()) found->second->stop(log_epoch);
}

void push_manager::snapshot_changed() {
  auto& workers = state_->context->hub.workers();
  for (std::size_t i = 0; i < workers.size(); ++i)
    workers.at(i).post([s = state_, i] {
      for (auto& [key, stream] : s->by_worker[i])
        stream->ask_soon();
    });
}

void push_manager::stop_all() {
  auto& workers = state_->context->hub.workers();
  for (std::size_t i = 0; i < workers.size(); ++i)
    workers.at(i).post([s = state_, i] { s->by_worker[i].clear(); });
}

} // namespace sluice::net::trunk
