#include "roles/ctl/options.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace sluice;
using namespace sluice::roles;

namespace {

auto read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "ctl");
  return ctl::read_options(static_cast<int>(arguments.size()), arguments.data());
}

ctl::options accepted(std::vector<const char*> arguments) {
  auto got = read(std::move(arguments));
  REQUIRE_MESSAGE(got.has_value(), got.error().message);
  return std::get<ctl::options>(*got);
}

std::string refused(std::vector<const char*> arguments) {
  auto got = read(std::move(arguments));
  REQUIRE(got.has_error());
  CHECK(got.error().code == errc::bad_argument);
  return got.error().message;
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a command and options in any order are read, with a node's defaults") {
  auto plain = accepted({"nodes"});
  CHECK(std::holds_alternative<ctl::show_nodes>(plain.what));
  CHECK(plain.directories == std::vector<std::string>{"127.0.0.1:7700"});
  CHECK_FALSE(plain.json);
  auto full = accepted({"--json", "explain", "live/room1", "--directory", "a:1,b:2", "--zone", "east"});
  CHECK(std::get<ctl::explain_key>(full.what).key == "live/room1");
  CHECK(full.directories == std::vector<std::string>{"a:1", "b:2"});
  CHECK(full.zone == "east");
  auto last = accepted({"--directory", "a:1,b:2", "explain", "live/room1"});
  CHECK(last.directories == std::vector<std::string>{"a:1", "b:2"});
  CHECK(std::get<ctl::explain_key>(last.what).key == "live/room1");
  CHECK(full.json);
}

TEST_CASE("directories come from the flag, else the variable, else a node's file") {
  auto path =
      (std::filesystem::temp_directory_path() / ("ctl-" + std::to_string(::getpid()) + ".toml")).string();
  std::ofstream(path) << "role = \"edge\"\ndirectory = [\"f:1\", \"g:1\"]\ncluster = \"east\"\n";
  auto from_file = accepted({"nodes", "--config", path.c_str()});
  CHECK(from_file.directories == std::vector<std::string>{"f:1", "g:1"});
  CHECK(from_file.cluster == "east");
  ::setenv("SLUICE_DIRECTORY", "v:1,w:1", 1);
  CHECK(accepted({"nodes", "--config", path.c_str()}).directories == std::vector<std::string>{"v:1", "w:1"});
  CHECK(accepted({"nodes", "--directory", "x:1"}).directories == std::vector<std::string>{"x:1"});
  ::unsetenv("SLUICE_DIRECTORY");
  std::filesystem::remove(path);
}

TEST_CASE("wrong words are refused with what would be right") {
  CHECK(mentions(refused({}), "a command is missing"));
  CHECK(mentions(refused({"nodse"}), "did you mean 'nodes'"));
  CHECK(mentions(refused({"nodes", "--jsno"}), "did you mean '--json'"));
  CHECK(mentions(refused({"nodes", "r1"}), "usage: sluice ctl nodes"));
  CHECK(mentions(refused({"enumerate"}), "usage: sluice ctl enumerate KEY"));
  CHECK(mentions(refused({"explain", "room1"}), "KEY 'room1'"));
  CHECK(mentions(refused({"nodes", "--directory", "here"}), "--directory 'here'"));
  CHECK(mentions(refused({"nodes", "--timeout", "0"}), "--timeout"));
  CHECK(mentions(refused({"nodes", "--secret-file", "/does/not/exist"}), "/does/not/exist"));
}

TEST_CASE("help lists every command") {
  auto got = read({"--help"});
  REQUIRE(got.has_value());
  for (auto word : {"nodes", "streams", "enumerate KEY", "explain KEY", "--directory", "Exit status"})
    CHECK(mentions(std::get<ctl::help_text>(*got).text, word));
}

TEST_CASE("changes are read with their arguments") {
  auto drain = std::get<ctl::set_drain>(accepted({"drain", "r1"}).what);
  CHECK(drain.node == "r1");
  CHECK(drain.drained);
  CHECK_FALSE(std::get<ctl::set_drain>(accepted({"undrain", "r1"}).what).drained);
  CHECK(std::get<ctl::set_weight>(accepted({"weight", "r1", "0.5"}).what).weight == 0.5);
  CHECK_FALSE(std::get<ctl::set_weight>(accepted({"weight", "r1", "own"}).what).weight);
  auto policy = std::get<ctl::change_policy>(accepted({"policy", "spread", "4", "copies", "3"}).what);
  CHECK(policy.copies == 3u);
  CHECK(policy.spread == 4u);
  CHECK_FALSE(policy.algorithm);
  CHECK(std::holds_alternative<ctl::thaw_list>(accepted({"thaw"}).what));
  CHECK(mentions(refused({"drain"}), "usage: sluice ctl drain NODE"));
  CHECK(mentions(refused({"drain", "a b"}), "NODE 'a b'"));
  CHECK(mentions(refused({"weight", "r1", "0"}), "weight 0"));
  CHECK(mentions(refused({"weight", "r1", "much"}), "W 'much'"));
  CHECK(mentions(refused({"policy", "copies"}), "usage: sluice ctl policy"));
  CHECK(mentions(refused({"policy", "copies", "two"}), "policy copies 'two'"));
  CHECK(mentions(refused({"policy", "colour", "red"}), "policy has no 'colour'"));
}
