#include "actors/basp_header.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::actors {

namespace {

constexpr std::uint8_t named_receiver_flag = 0x01;
constexpr std::uint8_t select_connection_flag = 0x02;
/// The only actor CAF itself addresses by name, `SpawnServ`, in CAF's 6-bit atom encoding.
constexpr std::uint64_t spawn_server_name = 0x3ddd66f3376adfbULL;

error malformed(std::string_view what, std::uint64_t value, std::string_view right) {
  return {errc::malformed, fmt::format("BASP header: {} is {}; {}", what, value, right)};
}

std::string_view name(basp_operation operation) noexcept {
  constexpr std::array<std::string_view, 7> names{"server handshake", "client handshake", "direct message",
                                                  "routed message",   "monitor message",  "down message",
                                                  "heartbeat"};
  return names[static_cast<std::size_t>(operation)];
}

// Which fields an operation uses; all others are zero. From CAF's writers, which are stricter than its own
// check.
struct shape {
  std::uint8_t flags;
  bool payload, data, source, destination; ///< may be other than zero
  bool needs_source, needs_destination;
};

shape shape_of(basp_operation operation) noexcept {
  switch (operation) {
  case basp_operation::server_handshake:
    return {0, true, true, false, false, false, false};
  case basp_operation::client_handshake:
    return {select_connection_flag, true, false, false, false, false, false};
  case basp_operation::direct_message:
    return {named_receiver_flag, true, true, true, true, false, true};
  case basp_operation::monitor_message:
    return {0, true, false, false, true, false, true};
  case basp_operation::down_message:
    return {0, true, false, true, false, true, false};
  default:
    return {0, false, false, false, false, false, false};
  }
}

result<basp_stage> check_order(const basp_header& header, basp_sender sender, basp_stage stage) {
  auto opening =
      sender == basp_sender::client ? basp_operation::client_handshake : basp_operation::server_handshake;
  bool selects =
      header.operation == basp_operation::client_handshake && header.flags == select_connection_flag;
  if (stage == basp_stage::fresh) {
    if (header.operation != opening)
      return error{errc::malformed,
                   fmt::format("BASP: a {} before the {}", name(header.operation), name(opening))};
    if (selects)
      return error{errc::malformed, "BASP: a client handshake that selects before one that greets"};
    return basp_stage::greeted;
  }
  bool handshake = header.operation == basp_operation::client_handshake ||
                   header.operation == basp_operation::server_handshake;
  if (!handshake) return stage;
  if (sender == basp_sender::client && selects && stage == basp_stage::greeted) return basp_stage::selected;
  return error{errc::malformed, fmt::format("BASP: one {} too many", name(header.operation))};
}

result<void> check_fields(const basp_header& header, const shape& allowed) {
  auto what = name(header.operation);
  auto bad = [&](std::string_view field, std::uint64_t value, std::string_view right) {
    return malformed(fmt::format("{} of a {}", field, what), value, right);
  };
  if (header.padding != 0) return bad("padding", header.padding, "must be 0");
  if ((header.flags & ~allowed.flags) != 0) return bad("flags", header.flags, "unknown flag");
  if (header.payload_size > max_basp_payload)
    return error{errc::too_large, fmt::format("BASP header: payload of a {} is {} bytes; at most {}", what,
                                              header.payload_size, max_basp_payload)};
  if (allowed.payload != (header.payload_size != 0))
    return bad("payload size", header.payload_size, allowed.payload ? "must not be 0" : "must be 0");
  if (!allowed.data && header.operation_data != 0)
    return bad("operation data", header.operation_data, "must be 0");
  if ((!allowed.source && header.source_actor != 0) || (allowed.needs_source && header.source_actor == 0))
    return bad("source actor", header.source_actor, allowed.source ? "must not be 0" : "must be 0");
  if ((!allowed.destination && header.destination_actor != 0) ||
      (allowed.needs_destination && header.destination_actor == 0))
    return bad("destination actor", header.destination_actor,
               allowed.destination ? "must not be 0" : "must be 0");
  return {};
}

} // namespace

basp_header read_basp_header(std::span<const std::uint8_t, basp_header_size> bytes) noexcept {
  byte_reader in(bytes);
  basp_header header;
  header.operation = static_cast<basp_operation>(in.u8());
  header.padding = in.u16();
  header.flags = in.u8();
  header.payload_size = in.u32();
  header.operation_data = in.u64();
  header.source_actor = in.u64();
  header.destination_actor = in.u64();
  return header;
}

result<basp_stage> check_basp_header(const basp_header& header, basp_sender sender, basp_stage stage) {
  if (header.operation > basp_operation::heartbeat)
    return malformed("operation", static_cast<std::uint8_t>(header.operation), "0 to 6 are known");
  if (header.operation == basp_operation::routed_message)
    return error{errc::unsupported, "BASP header: a routed message; nodes only talk directly"};
  auto next = check_order(header, sender, stage);
  if (!next) return next;
  if (auto ok = check_fields(header, shape_of(header.operation)); !ok) return ok.error();
  if (header.operation == basp_operation::server_handshake && header.operation_data != basp_version)
    return malformed("version", header.operation_data, fmt::format("{} is spoken here", basp_version));
  if ((header.flags & named_receiver_flag) != 0 && header.operation == basp_operation::direct_message &&
      header.destination_actor != spawn_server_name)
    return malformed("named receiver", header.destination_actor, "only CAF's greeting is addressed by name");
  return next;
}

result<void> basp_filter::check(byte_view bytes) {
  while (!bytes.empty()) {
    if (payload_left_ > 0) {
      auto size = std::min(payload_left_, bytes.size());
      payload_left_ -= size;
      bytes = bytes.subspan(size);
      continue;
    }
    auto piece = bytes.first(std::min(basp_header_size - header_used_, bytes.size()));
    std::copy(piece.begin(), piece.end(), header_.begin() + static_cast<std::ptrdiff_t>(header_used_));
    header_used_ += piece.size();
    bytes = bytes.subspan(piece.size());
    if (header_used_ < basp_header_size) break;
    auto header = read_basp_header(header_);
    auto next = check_basp_header(header, sender_, stage_);
    if (!next) return next.error();
    stage_ = *next;
    header_used_ = 0;
    payload_left_ = header.payload_size;
  }
  return {};
}

} // namespace sluice::actors
