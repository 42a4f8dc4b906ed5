#include "actors/locator.hpp"

#include "actors/pages.hpp"
#include "cluster/enumeration.hpp"
#include "cluster/node_list.hpp"

#include <algorithm>

namespace sluice::actors {

namespace {

/// Pages of one list that are asked for; what does not fit is left out.
constexpr std::size_t max_pages = 64;

error nobody() {
  return {errc::unavailable, "no directory answered and no relay list was ever seen"};
}

error no_answer() {
  return {errc::unavailable, "no directory answered"};
}

} // namespace

void locator_state::demote(const directory_actor& directory) {
  auto found = std::find(directories.begin(), directories.end(), directory);
  if (found != directories.end()) std::rotate(found, found + 1, directories.end());
}

bool locator_state::can_rank(const cluster::snapshot& list) {
  return cluster::find_algorithm(list.rules.algorithm).has_value();
}

caf::result<enumerate_answer> locator_state::enumerate(const std::string& key) {
  auto s = std::make_shared<search>();
  s->promise = self->make_response_promise<enumerate_answer>();
  s->query.key = key;
  s->query.zone = node->self.zone;
  if (auto list = node->board->list(); list && can_rank(*list)) s->query.list = list->digest;
  s->left.assign(directories.rbegin(), directories.rend());
  s->id = ++last_search_;
  searches_.emplace(s->id, s);
  ask_next(s);
  return s->promise;
}

void locator_state::ask_next(const search_ptr& s) {
  if (s->over) return;
  if (s->left.empty()) {
    if (s->waiting == 0) conclude(s);
    return;
  }
  auto directory = s->left.back();
  s->left.pop_back();
  s->last = directory;
  ++s->asked;
  ++s->waiting;
  self->request(directory, node->limits.enumerate, enumerate_atom_v, s->query)
      .then(
          [this, s](enumerate_answer& answer) {
            --s->waiting;
            if (!s->over) weigh(s, std::move(answer.found));
          },
          [this, s, directory](const caf::error&) {
            --s->waiting;
            demote(directory);
            ask_next(s);
          });
  if (!s->left.empty()) self->delayed_send(self, node->limits.ask_another, step_atom_v, s->id, s->asked);
}

// A directory that is frozen or cut off is found dead only by its heartbeats: until then a question to it
// must not cost the whole limit while another would answer.
void locator_state::remind(std::uint64_t id, std::uint64_t question) {
  auto found = searches_.find(id);
  if (found == searches_.end() || found->second->asked != question) return;
  auto s = found->second;
  demote(s->last);
  ask_next(s);
}

// `live` ends the search. `not_live` counts when two directories say so, or the only one: a directory that
// was cut off from an origin for a lease period would otherwise turn viewers away.
void locator_state::weigh(const search_ptr& s, cluster::enumeration found) {
  s->heard = true;
  bool second_no =
      s->best && s->best->live == cluster::liveness::not_live && found.live == cluster::liveness::not_live;
  bool better = !s->best || found.live < s->best->live ||
                (found.live == s->best->live && found.order.size() > s->best->order.size());
  bool live = found.live == cluster::liveness::live;
  if (better) s->best = std::move(found);
  if (live || second_no)
    conclude(s);
  else
    ask_next(s);
}

// The ranking is that of the node's own list, which is the same function: a directory that goes by the same
// list does not repeat it. One that is young, or has not heard yet what the others have, would place the
// stream by another list, and nobody would ask again when it has caught up: only its word on who is live
// counts. A node that lacks the algorithm in force goes by the directories' ranking while there is any.
void locator_state::conclude(const search_ptr& s) {
  s->over = true;
  searches_.erase(s->id);
  auto list = node->board->list();
  auto key = stream_key::parse(s->query.key);
  bool ranked = s->best && !s->best->order.empty();
  bool ours = list && can_rank(*list) && (!s->best || s->best->digest != list->digest);
  if (list && key && (!ranked || ours)) {
    auto computed = cluster::enumerate(*key, *list, ranks_of(list), s->query.zone);
    cluster::apply_loads(computed, node->board->loads());
    if (s->best) {
      auto all = static_cast<std::uint32_t>(computed.order.size());
      computed.spread = std::max(computed.spread, std::min(s->best->spread, all));
      computed.live = s->best->live;
      computed.live_epoch = s->best->live_epoch;
      computed.origin = s->best->origin;
    }
    computed.stale = !s->heard;
    s->best = std::move(computed);
  }
  if (!s->best) {
    s->promise.deliver(to_caf(nobody()));
    return;
  }
  enumerate_answer answer;
  answer.found = std::move(*s->best);
  s->promise.deliver(std::move(answer));
}

const cluster::ranking& locator_state::ranks_of(const std::shared_ptr<const cluster::snapshot>& list) {
  if (ranked_ != list) {
    ranks_.emplace(*list);
    ranked_ = list;
  }
  return *ranks_;
}

caf::result<recall_answer> locator_state::recall(const std::string& key) {
  struct poll {
    caf::typed_response_promise<recall_answer> promise;
    recall_answer newest;
    std::size_t left = 0;
    bool heard = false;
  };
  if (directories.empty()) return to_caf({errc::unavailable, "no directory is connected"});
  auto p = std::make_shared<poll>();
  p->promise = self->make_response_promise<recall_answer>();
  p->left = directories.size();
  auto counted = [p] {
    if (--p->left > 0) return;
    if (p->heard)
      p->promise.deliver(std::move(p->newest));
    else
      p->promise.deliver(to_caf(no_answer()));
  };
  stream_query query;
  query.key = key;
  for (const auto& directory : directories)
    self->request(directory, node->limits.recall, recall_atom_v, query)
        .then(
            [p, counted](recall_answer& answer) {
              p->heard = true;
              if (answer.known.last >= p->newest.known.last) p->newest = std::move(answer);
              counted();
            },
            [counted](const caf::error&) { counted(); });
  return p->promise;
}

caf::result<stream_page> locator_state::streams() {
  auto promise = self->make_response_promise<stream_page>();
  collect<stream_page>({directories.rbegin(), directories.rend()}, [promise](stream_page* all) mutable {
    if (all)
      promise.deliver(std::move(*all));
    else
      promise.deliver(to_caf(no_answer()));
  });
  return promise;
}

caf::result<node_page> locator_state::nodes() {
  struct survey {
    caf::typed_response_promise<node_page> promise;
    node_page all;
    std::size_t left = 0;
    bool heard = false;
  };
  if (directories.empty()) return to_caf(no_answer());
  auto s = std::make_shared<survey>();
  s->promise = self->make_response_promise<node_page>();
  s->left = directories.size();
  for (const auto& directory : directories)
    collect<node_page>({directory}, [s](node_page* part) {
      if (part) cluster::merge_nodes(s->all.nodes, std::move(part->nodes));
      s->heard = s->heard || part;
      if (--s->left > 0) return;
      if (s->heard)
        s->promise.deliver(std::move(s->all));
      else
        s->promise.deliver(to_caf(no_answer()));
    });
  return s->promise;
}

template <class Page>
void locator_state::collect(std::vector<directory_actor> from, std::function<void(Page*)> done) {
  auto c = std::make_shared<collection<Page>>();
  c->done = std::move(done);
  c->left = std::move(from);
  next_page(c);
}

template <class Page>
void locator_state::next_page(const std::shared_ptr<collection<Page>>& c) {
  if (c->left.empty()) return c->done(nullptr);
  page_query query;
  if (!items(c->gathered).empty()) query.after = position(items(c->gathered).back());
  self->request(c->left.back(), node->limits.request, list_atom(c->gathered), query)
      .then(
          [this, c](Page& page) {
            auto& part = items(page);
            auto& all = items(c->gathered);
            bool more = page.more && !part.empty() && ++c->pages < max_pages;
            all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
            if (more)
              next_page(c);
            else
              c->done(&c->gathered);
          },
          [this, c](const caf::error&) {
            demote(c->left.back());
            c->left.pop_back();
            c->gathered = Page{};
            c->pages = 0;
            next_page(c);
          });
}

locator_actor::behavior_type locator(locator_actor::stateful_pointer<locator_state> self,
                                     node_context_ptr node) {
  self->state.self = self;
  self->state.node = std::move(node);
  return {
      [self](up_atom, const directory_actor& d) {
        std::erase(self->state.directories, d);
        self->state.directories.push_back(d);
      },
      [self](down_atom, const directory_actor& d) { std::erase(self->state.directories, d); },
      [self](enumerate_atom, const std::string& key) { return self->state.enumerate(key); },
      [self](recall_atom, const std::string& key) { return self->state.recall(key); },
      [self](streams_atom) { return self->state.streams(); },
      [self](nodes_atom) { return self->state.nodes(); },
      [self](step_atom, std::uint64_t id, std::uint64_t question) { self->state.remind(id, question); },
  };
}

} // namespace sluice::actors
