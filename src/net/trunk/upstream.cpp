#include "net/trunk/upstream.hpp"

namespace sluice::net::trunk {

upstream::upstream(worker& at, const identity& self, const stream_key& key,
                   const cluster::connect_upstream& to, upstream_user& user)
    : client_session(at, self), receiver(at, self.node), id_(to.link), relay_{to.relay, to.address, {}},
      user_(user) {
  request asked{request::kind::play, key};
  asked.at = to.at;
  asked.from = to.from;
  asked.mode = to.mode;
  asked.avoid = {self.node};
  dial(to.address, asked);
}

} // namespace sluice::net::trunk
