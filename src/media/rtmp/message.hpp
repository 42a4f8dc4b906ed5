// What RTMP carries: messages, their types, and the chunk streams this server writes on (Adobe "RTMP
// Specification 1.0", sections 5.4, 6 and 7.1). Values; any thread.
#pragma once

#include "base/bytes.hpp"

namespace sluice::media::rtmp {

/// Message type ids.
enum class message_type : std::uint8_t {
  set_chunk_size = 1,
  abort = 2,
  acknowledgement = 3,
  user_control = 4,
  window_ack_size = 5,
  set_peer_bandwidth = 6,
  audio = 8,
  video = 9,
  data_amf3 = 15,
  shared_object_amf3 = 16,
  command_amf3 = 17,
  data_amf0 = 18,
  shared_object_amf0 = 19,
  command_amf0 = 20,
  aggregate = 22
};

/// User control event types, section 7.1.7.
enum class user_event : std::uint16_t { stream_begin = 0, ping_request = 6, ping_response = 7 };

struct message {
  message_type type{};
  std::uint32_t stream_id = 0; ///< message stream id: 0 is the connection itself
  std::uint32_t timestamp = 0; ///< ms, absolute, wraps at 2^32
  byte_view payload;           ///< not owned
};

/// The chunk size both sides start with, section 5.4.1.
constexpr std::uint32_t default_chunk_size = 128;
/// A message's length is 24 bits, so a greater chunk size changes nothing (section 5.4.1).
constexpr std::uint32_t greatest_chunk_size = 0xffffff;
/// In a 24-bit timestamp field: 32 bits follow the header (section 5.3.1.3).
constexpr std::uint32_t extended_timestamp_mark = 0xffffff;

/// Chunk stream ids: control messages must be on 2, the others are ours to choose.
constexpr std::uint32_t control_chunk_stream = 2;
constexpr std::uint32_t command_chunk_stream = 3;
constexpr std::uint32_t status_chunk_stream = 5;

} // namespace sluice::media::rtmp
