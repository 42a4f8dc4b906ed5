// One line an event, key=value. A `logger` is a cheap value that stamps its node on each line, so that the
// nodes of one process can be told apart. Any thread.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>

namespace sluice {

enum class log_level { debug, info, warn, error };

/// Sets the least level written and the destination (standard error). Called once at start.
void start_logging(log_level least);

class logger {
public:
  logger() : logger("") {}
  /// `node`: written as `node=...` on every line; empty leaves it out.
  explicit logger(std::string node) : node_(std::make_shared<const std::string>(std::move(node))) {}

  /// `info("stream published", "stream", key, "epoch", e)` writes
  /// `... info event="stream published" node=o1 stream=live/room1 epoch=7`.
  template <class... Fields>
  void debug(std::string_view event, const Fields&... fields) const {
    write(log_level::debug, event, fields...);
  }
  template <class... Fields>
  void info(std::string_view event, const Fields&... fields) const {
    write(log_level::info, event, fields...);
  }
  template <class... Fields>
  void warn(std::string_view event, const Fields&... fields) const {
    write(log_level::warn, event, fields...);
  }
  template <class... Fields>
  void error(std::string_view event, const Fields&... fields) const {
    write(log_level::error, event, fields...);
  }

private:
  template <class... Fields>
  void write(log_level level, std::string_view event, const Fields&... fields) const {
    static_assert(sizeof...(fields) % 2 == 0, "fields come as name, value pairs");
    if (!enabled(level)) return;
    std::string line = start_line(event);
    append_pairs(line, fields...);
    emit(level, line);
  }

  static void append_pairs(std::string&) {}
  template <class Value, class... Rest>
  static void append_pairs(std::string& line, std::string_view name, const Value& value,
                           const Rest&... rest) {
    append_field(line, name, fmt::format("{}", value));
    append_pairs(line, rest...);
  }

  [[nodiscard]] std::string start_line(std::string_view event) const;
  static bool enabled(log_level level) noexcept;
  static void append_field(std::string& line, std::string_view name, std::string_view value);
  static void emit(log_level level, std::string_view line);

  std::shared_ptr<const std::string> node_;
};

} // namespace sluice
