// A page of a directory's list: how to ask for it, what it holds, and where the next one begins. Any thread.
#pragma once

#include "actors/interfaces.hpp"

namespace sluice::actors {

inline auto list_atom(const stream_page&) {
  return streams_atom_v;
}
inline auto list_atom(const node_page&) {
  return nodes_atom_v;
}
inline auto& items(stream_page& page) {
  return page.streams;
}
inline auto& items(node_page& page) {
  return page.nodes;
}
inline const std::string& position(const cluster::stream_announcement& one) {
  return one.key;
}
inline const std::string& position(const cluster::node_view& one) {
  return one.id;
}

} // namespace sluice::actors
