// Judges the headers of BASP, the wire protocol of CAF 0.17.6, before CAF sees a byte: one crafted header
// ends a CAF process, and a lying length makes it reserve GiBs. Pure, without CAF; a filter is owned by the
// connection whose bytes it follows, on CAF's network thread.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <array>

namespace sluice::actors {

/// What a node may say in one packet, header excluded.
constexpr std::size_t max_basp_payload = std::size_t{1} << 20;
constexpr std::size_t basp_header_size = 32;
constexpr std::uint64_t basp_version = 3;

enum class basp_operation : std::uint8_t {
  server_handshake = 0,
  client_handshake,
  direct_message,
  routed_message,
  monitor_message,
  down_message,
  heartbeat
};

/// Whose bytes are judged: the side that connected, or the side that listens.
enum class basp_sender : std::uint8_t { client = 1, server };

/// How far a direction's conversation is. A client greets twice: the second handshake, flagged, asks the
/// server to answer on this connection.
enum class basp_stage : std::uint8_t { fresh = 1, greeted, selected };

struct basp_header {
  basp_operation operation = basp_operation::heartbeat;
  std::uint16_t padding = 0;
  std::uint8_t flags = 0;
  std::uint32_t payload_size = 0;
  std::uint64_t operation_data = 0;
  std::uint64_t source_actor = 0;
  std::uint64_t destination_actor = 0;
};

/// Splits the fields (big endian); judges nothing.
basp_header read_basp_header(std::span<const std::uint8_t, basp_header_size> bytes) noexcept;

/// The stage after a header, if it may pass at `stage`. Errors: `malformed` (naming
/// field and value), `too_large` (payload), `unsupported` (routed messages: nodes only talk to directories,
/// directly).
result<basp_stage> check_basp_header(const basp_header& header, basp_sender sender, basp_stage stage);

/// Follows what a peer sends, over pieces of any size.
class basp_filter {
public:
  explicit basp_filter(basp_sender sender) noexcept : sender_(sender) {}

  /// Whether `bytes`, the next ones, may be passed on: each header that ends in them is as it should be. From
  /// the first error on there is no other answer.
  result<void> check(byte_view bytes);

private:
  basp_sender sender_;
  basp_stage stage_ = basp_stage::fresh;
  std::array<std::uint8_t, basp_header_size> header_{};
  std::size_t header_used_ = 0;
  std::size_t payload_left_ = 0;
};

} // namespace sluice::actors
