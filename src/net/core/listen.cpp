#include "net/core/listen.hpp"

#include "net/core/port_owner.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

namespace sluice::net {

using asio::ip::tcp;
using reuse_port_option = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

namespace {

error cannot_listen(const host_port& address, const listen_options& options,
                    const boost::system::error_code& failure) {
  auto why = failure.message();
  if (failure == asio::error::address_in_use) {
    auto owner = find_port_owner(address.port);
    why = owner ? fmt::format("in use by pid {} ({})", owner->pid, owner->name) : "in use by another process";
  }
  auto hint =
      options.flag_name.empty() ? std::string{} : fmt::format("; choose another with {}", options.flag_name);
  return {errc::io, fmt::format("cannot listen on {}: {}{}", address.str(), why, hint)};
}

result<tcp::endpoint> resolve(asio::io_context& io, const host_port& address, const listen_options& options) {
  if (address.host.empty()) return tcp::endpoint(asio::ip::address_v6::any(), address.port);
  boost::system::error_code failure;
  auto literal = asio::ip::make_address(address.host, failure);
  if (!failure) return tcp::endpoint(literal, address.port);
  auto found = tcp::resolver(io).resolve(address.host, "", tcp::resolver::passive, failure);
  if (failure || found.empty())
    return error{errc::bad_argument,
                 fmt::format("cannot listen on {}: no address of that name{}", address.str(),
                             options.flag_name.empty() ? "" : "; choose another with " + options.flag_name)};
  return tcp::endpoint(found.begin()->endpoint().address(), address.port);
}

boost::system::error_code bind(tcp::acceptor& acceptor, const tcp::endpoint& where, bool every_interface,
                               bool share) {
  boost::system::error_code failure;
  acceptor.open(where.protocol(), failure);
  if (failure) return failure;
  acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (where.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(!every_interface), failure);
  if (share) acceptor.set_option(reuse_port_option(true), failure);
  if (failure) return failure;
  acceptor.bind(where, failure);
  return failure;
}

boost::system::error_code try_open(tcp::acceptor& acceptor, const tcp::endpoint& where, bool every_interface,
                                   const listen_options& options) {
  if (options.reuse_port && options.probe && where.port() != 0) {
    // A socket that shares its port binds beside another process's; one that does not share is told. Two
    // sockets with SO_REUSEADDR may both bind while neither listens, so the probe listens as well.
    tcp::acceptor probe(acceptor.get_executor());
    auto failure = bind(probe, where, every_interface, false);
    if (!failure) probe.listen(1, failure);
    if (failure) return failure;
  }
  auto failure = bind(acceptor, where, every_interface, options.reuse_port);
  if (!failure) acceptor.listen(options.backlog, failure);
  return failure;
}

} // namespace

result<tcp::acceptor> open_listener(asio::io_context& io, const host_port& address,
                                    const listen_options& options) {
  auto where = resolve(io, address, options);
  if (!where) return where.error();
  bool every_interface = where->address().is_v6() && where->address().is_unspecified();
  tcp::acceptor acceptor(io);
  auto failure = try_open(acceptor, *where, every_interface, options);
  bool no_v6 = failure == asio::error::address_family_not_supported ||
               failure == boost::system::errc::address_not_available;
  if (no_v6 && every_interface) {
    acceptor = tcp::acceptor(io);
    failure = try_open(acceptor, tcp::endpoint(tcp::v4(), address.port), false, options);
  }
  if (failure) return cannot_listen(address, options, failure);
  return acceptor;
}

} // namespace sluice::net
