#include "actors/system.hpp"

namespace sluice::actors {

namespace {

/// Few: an all-in-one process has a system per node.
constexpr std::size_t scheduler_threads = 2;

} // namespace

system_config::system_config() {
  add_message_types<caf::id_block::sluice>();
  add_message_type<directory_actor>("sluice::directory_actor");
  add_message_type<watcher_actor>("sluice::watcher_actor");
  add_error_category(caf::detail::error_factory<errc>::category,
                     [](std::uint8_t code, caf::atom_value, const caf::message& context) {
                       return std::string(name(static_cast<errc>(code))) + caf::to_string(context);
                     });
  // Many short messages and few threads: a shared queue has half the latency of work stealing.
  set("scheduler.policy", caf::atom("sharing"));
  set("scheduler.max-threads", scheduler_threads);
  set("middleman.app-identifiers", std::vector<std::string>{"sluice/1"});
  load<caf::io::middleman>();
}

} // namespace sluice::actors
