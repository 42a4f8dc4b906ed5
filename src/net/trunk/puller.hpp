// Feeds one stream from relays: asks who has it, lets `cluster::upstream_choice` decide, dials, switches, and
// writes what comes into the log. Owned by the stream; on its home worker.
#pragma once

#include "net/core/deadline.hpp"
#include "net/trunk/log_receiver.hpp"
#include "net/trunk/pullers.hpp"
#include "net/trunk/ticker.hpp"
#include "net/trunk/upstream.hpp"

#include <map>

namespace sluice::net::trunk {

class puller final : public feeder, private upstream_user {
public:
  puller(std::shared_ptr<pull_context> context, hosted_stream& h, worker& home);
  ~puller() override;

  [[nodiscard]] std::string_view kind() const noexcept override { return "pull"; }
  [[nodiscard]] node_id upstream() const override { return choice_.current(); }
  [[nodiscard]] std::vector<std::vector<node_id>> ways() const override { return choice_.ways(); }
  [[nodiscard]] bool on_demand() const noexcept override { return true; }
  [[nodiscard]] std::uint64_t orphaned_since() const noexcept override;
  [[nodiscard]] bool finished() const noexcept override { return finished_; }
  [[nodiscard]] bool flowing() const override { return choice_.flowing(); }

  /// Asks for the enumeration again, a little later.
  void ask_soon();
  void set_loads(cluster::relay_loads_ptr loads) { choice_.set_loads(std::move(loads)); }

private:
  using steady = std::chrono::steady_clock;
  using source = trunk::upstream;

  void ask();
  void on_enumeration(const result<cluster::enumeration>& found);
  void use_order(cluster::upstream_order order);

  void drive();
  void perform(const cluster::connect_upstream& to);
  void perform(const cluster::use_upstream& chosen);
  void perform(const cluster::lead_upstream& chosen);
  void perform(const cluster::drop_upstream& dropped);
  void perform(const cluster::wait_until& wait);
  void perform(const cluster::give_up& over);
  void retire(cluster::link_id id, bool at_once);
  void finish(const error& why, stream::end_reason reason);

  [[nodiscard]] result<void> adopt(source& from, bool accept_gap);
  void lead(source& from, const std::optional<cluster::departure>& after);
  [[nodiscard]] bool others_in_use(const source& than) const;
  void note_position();
  [[nodiscard]] bool note_delivery(const source& from);

  void on_life(source& from) override;
  void on_hello(source& from, const hello& said) override;
  void on_message(source& from, const message& m) override;
  void on_bytes(source& from, byte_view bytes) override;
  void on_lost(source& from, const error& why) override;
  void on_beat(const source& from, const stream::beat& b);
  void on_gap(source& from, const gap& left_out);
  void ask_whether_live();
  void act_on(source& from, const result<void>& outcome);

  std::shared_ptr<pull_context> context_;
  hosted_stream& stream_;
  worker& home_;
  logger log_;
  cluster::upstream_choice choice_;
  std::map<cluster::link_id, std::unique_ptr<source>> links_;
  cluster::link_id leader_ = 0; ///< the link that leads, 0: none
  bool held_ = false;           ///< the wait for the push is over
  node_id only_;                ///< the one relay asked, with `no_failover`
  bool finished_ = false, asking_ = false, driving_ = false;
  stream::end_reason end_reason_ = stream::end_reason::ended;
  steady::time_point beat_at_ = steady::now();
  std::uint64_t beat_unix_ms_ = 0;
  asio::steady_timer wake_;
  std::optional<deadline> ask_later_, hold_, catch_up_;
  ticker ticker_;
  std::shared_ptr<puller*> anchor_; ///< what replies that may come too late hold weakly
};

} // namespace sluice::net::trunk
