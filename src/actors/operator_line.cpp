#include "actors/operator_line.hpp"

#include "actors/dial_gate.hpp"
#include "actors/pages.hpp"
#include "actors/system.hpp"

#include <fmt/format.h>

namespace sluice::actors {

namespace {

/// A directory whose store is slow says so within 6 s.
constexpr std::chrono::milliseconds change_limit{7000};

} // namespace

struct operator_line::link {
  link(plane::control_sockets& s, std::chrono::milliseconds l) : sockets(s), limit(l), self(sys.get()) {}

  plane::control_sockets& sockets;
  std::chrono::milliseconds limit;
  system sys;
  caf::scoped_actor self;
  directory_actor directory;

  result<void> dial(const std::string& address) {
    auto gate = std::make_shared<dial_gate>(caf::actor_cast<link_actor>(self), limit);
    gate->dial(sockets, address);
    result<void> out;
    // Exactly one of these comes, within the limits of the sockets and of the handshake.
    self->receive(
        [&](up_atom, const caf::strong_actor_ptr& peer) {
          directory = caf::actor_cast<directory_actor>(peer);
        },
        [&](down_atom, const std::string& reason) {
          out = error{errc::unavailable, reason};
        });
    gate->close();
    return out;
  }

  template <class Answer, class... Parts>
  result<Answer> ask(const Parts&... parts) {
    return ask_within<Answer>(limit, parts...);
  }

  template <class Answer, class... Parts>
  result<Answer> ask_within(std::chrono::milliseconds most, const Parts&... parts) {
    result<Answer> out = error{errc::closed, "no answer"};
    self->request(directory, most, parts...)
        .receive([&](Answer& answer) { out = std::move(answer); },
                 [&](const caf::error& e) { out = from_caf(e); });
    return out;
  }

  template <class Page>
  auto list() -> result<std::decay_t<decltype(items(std::declval<Page&>()))>> {
    Page gathered;
    auto& all = items(gathered);
    for (bool more = true; more;) {
      page_query query;
      if (!all.empty()) query.after = position(all.back());
      auto page = ask<Page>(list_atom(gathered), query);
      if (!page) return page.error();
      auto& part = items(*page);
      more = page->more && !part.empty();
      all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    }
    return std::move(all);
  }
};

operator_line::operator_line(plane::control_sockets& sockets, std::chrono::milliseconds limit)
    : link_(std::make_unique<link>(sockets, limit)) {}

operator_line::~operator_line() = default;

result<std::string> operator_line::connect(const std::vector<std::string>& addresses) {
  std::string reasons;
  for (const auto& address : addresses) {
    auto ok = link_->dial(address);
    if (ok) return address;
    // A dialling failure names its address, a handshake's does not.
    auto why = ok.error().message;
    if (why.rfind(address, 0) != 0) why = fmt::format("{}: {}", address, why);
    reasons += (reasons.empty() ? "" : "; ") + why;
  }
  return error{errc::unavailable, reasons};
}

result<cluster::directory_overview> operator_line::overview() {
  auto answer = link_->ask<overview_answer>(overview_atom_v);
  if (!answer) return answer.error();
  return std::move(answer->overview);
}

result<cluster::directory_overview> operator_line::change(const cluster::policy_change& what) {
  change_request request;
  request.change = what;
  auto answer =
      link_->ask_within<overview_answer>(std::max(link_->limit, change_limit), change_atom_v, request);
  if (!answer && answer.error().code == errc::timed_out)
    return error{errc::timed_out, "no answer in time; the change may still be taken"};
  if (!answer) return answer.error();
  return std::move(answer->overview);
}

result<bool> operator_line::thaw() {
  return link_->ask<bool>(thaw_atom_v);
}

result<std::vector<cluster::node_view>> operator_line::nodes() {
  return link_->list<node_page>();
}

result<std::vector<cluster::stream_announcement>> operator_line::streams() {
  return link_->list<stream_page>();
}

result<cluster::enumeration> operator_line::enumerate(const std::string& key, const std::string& zone) {
  stream_query query;
  query.key = key;
  query.zone = zone;
  auto answer = link_->ask<enumerate_answer>(enumerate_atom_v, query);
  if (!answer) return answer.error();
  return std::move(answer->found);
}

} // namespace sluice::actors
