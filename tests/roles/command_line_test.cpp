#include "roles/cluster_plan.hpp"
#include "roles/command_line.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

using namespace sluice;
using namespace sluice::roles;

namespace {

using outcome = result<std::variant<options, text_to_print>>;

outcome read(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "sluice");
  return read_command_line(static_cast<int>(arguments.size()), arguments.data());
}

options accepted(std::vector<const char*> arguments) {
  auto got = read(std::move(arguments));
  REQUIRE_MESSAGE(got.has_value(), got.error().message);
  return std::get<options>(*got);
}

std::string refused(std::vector<const char*> arguments) {
  auto got = read(std::move(arguments));
  REQUIRE(got.has_error());
  return got.error().message;
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct config_file {
  explicit config_file(std::string_view text)
      : path(std::filesystem::temp_directory_path() /
             ("sluice-test-" + std::to_string(::getpid()) + ".toml")) {
    std::ofstream(path) << text;
  }
  ~config_file() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

struct variable {
  variable(const char* n, const char* value) : name(n) { ::setenv(n, value, 1); }
  ~variable() { ::unsetenv(name); }
  const char* name;
};

} // namespace

TEST_CASE("every example configuration is accepted") {
  std::set<process_role> seen;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/configs")) {
    auto path = entry.path().string();
    CAPTURE(path);
    seen.insert(accepted({"--config", path.c_str()}).role);
  }
  CHECK(seen.size() == 5);
}

TEST_CASE("a flag wins over a variable, a variable over the file, the file over the default") {
  config_file file("role = \"origin\"\ngrace = 5\nhttp-listen = \":1\"\nrtmp-listen = \":2\"\n");
  variable grace("SLUICE_GRACE", "6");
  variable http("SLUICE_HTTP_LISTEN", ":3");
  auto path = file.path.string();
  auto got = accepted({"--config", path.c_str(), "--grace", "7"});
  CHECK(got.grace_s == 7);
  CHECK(got.http_listen == ":3");
  CHECK(got.rtmp_listen == ":2");
  CHECK(got.second_publisher == "refuse");
}

TEST_CASE("an unknown key is refused with its file, its name and the nearest known one") {
  config_file file("role = \"edge\"\nhtp-listen = \":1\"\n");
  auto path = file.path.string();
  auto why = refused({"--config", path.c_str()});
  CHECK(mentions(why, path));
  CHECK(mentions(why, "'htp-listen'"));
  CHECK(mentions(why, "'http-listen'"));
}

TEST_CASE("a bad value in a file is refused with its key") {
  config_file file("role = \"origin\"\ngrace = \"soon\"\n");
  auto path = file.path.string();
  CHECK(mentions(refused({"--config", path.c_str()}), "'grace'"));
}

TEST_CASE("bad command lines are refused with what would be right") {
  CHECK(mentions(refused({}), "--role is missing"));
  CHECK(mentions(refused({"--role", "egde"}), "origin"));
  CHECK(mentions(refused({"--role", "edge", "--directry", "a:1"}), "'--directory'"));
  CHECK(mentions(refused({"--role", "edge"}), "--directory HOST:PORT"));
  CHECK(mentions(refused({"--role", "edge", "--directory", "a:1", "--record", "."}),
                 "goes with --role origin"));
  CHECK(mentions(refused({"--role", "relay", "--directory", "a:1", "--trunk-listen", ":8500"}),
                 "--secret-file"));
  CHECK(mentions(refused({"--role", "directory", "--control-listen", "0.0.0.0:7700"}), "--secret-file"));
  CHECK(mentions(refused({"--role", "origin", "--rtmp-listen", "nonsense"}), "--rtmp-listen"));
  CHECK(mentions(refused({"--role", "origin", "--serve-viewers", "some"}), "--serve-viewers"));
  CHECK(mentions(refused({"--role", "directory", "--serve-viewers", "all"}), "origin, relay, edge"));
  CHECK(
      mentions(refused({"--role", "edge", "--directory", "a:1", "--max-publishers", "5"}), "means nothing"));
  CHECK(mentions(refused({"--role", "origin", "--max-publishers", "0"}), "--max-publishers"));
  CHECK(mentions(refused({"--role", "origin", "--max-viewers", "0"}), "--max-viewers"));
  CHECK(mentions(refused({"--role", "origin", "--max-connections", "0"}), "--max-connections"));
  CHECK(mentions(refused({"--role", "all", "--relays", "91"}), "--relays"));
  CHECK(mentions(refused({"--role", "all", "--http-listen", ":1"}), "means nothing with --role all"));
  CHECK(mentions(refused({"--role", "origin", "--record", "/does/not/exist"}), "not a folder"));
  CHECK(mentions(refused({"--role", "origin", "--node-id", "a b"}), "--node-id"));
  CHECK(mentions(refused({"--config", "/does/not/exist.toml"}), "/does/not/exist.toml"));
}

TEST_CASE("a relay beyond this machine says how others reach it") {
  auto secret = std::string(SLUICE_SOURCE_DIR "/LICENSE");
  CHECK(mentions(refused({"--role", "relay", "--directory", "a:1", "--trunk-listen", "0.0.0.0:8500",
                          "--secret-file", secret.c_str()}),
                 "--trunk-advertise"));
  auto got = accepted({"--role", "relay", "--directory", "a:1", "--trunk-listen", "0.0.0.0:8500",
                       "--secret-file", secret.c_str(), "--trunk-advertise", "r1.example.org:8500"});
  CHECK(got.trunk_advertise == "r1.example.org:8500");
}

TEST_CASE("a relay of this machine only does not join a cluster that is elsewhere") {
  auto why = refused({"--role", "relay", "--directory", "127.0.0.1:7700,10.0.0.1:7700"});
  CHECK(mentions(why, "--trunk-listen 127.0.0.1:8500"));
  CHECK(mentions(why, "10.0.0.1:7700"));
  accepted({"--role", "relay", "--directory", "127.0.0.1:7700,[::1]:7701"});
  accepted({"--role", "relay", "--directory", "10.0.0.1:7700", "--trunk-advertise", "10.0.0.2:8500"});
}

TEST_CASE("what directories and pages could not use is refused at the start") {
  CHECK(mentions(refused({"--role", "relay", "--directory", "localhost:1", "--trunk-advertise", ":8500"}),
                 "--trunk-advertise"));
  CHECK(mentions(refused({"--role", "edge", "--directory", "a:1", "--public-url", "edge.example"}),
                 "http:// or https://"));
  CHECK(mentions(refused({"--role", "origin", "--public-url", "http://in.example"}), "rtmp://"));
  CHECK(
      mentions(refused({"--role", "edge", "--directory", "a:1", "--public-url", "http://a b"}), "no blanks"));
  accepted({"--role", "origin", "--public-url", "rtmp://in.example"});
}

TEST_CASE("a variable for another role is left alone; a bad one, and a key of the file, are named") {
  variable directories("SLUICE_DIRECTORY", "10.0.0.1:7700");
  CHECK(accepted({"--role", "directory"}).directories.empty());
  CHECK(accepted({"--role", "origin"}).directories == std::vector<std::string>{"10.0.0.1:7700"});
  variable workers("SLUICE_WORKERS", "many");
  CHECK(mentions(refused({"--role", "origin"}), "SLUICE_WORKERS: "));
  config_file file("role = \"directory\"\ngrace = 5\n");
  auto path = file.path.string();
  CHECK(mentions(refused({"--config", path.c_str(), "--workers", "1"}),
                 path + ": key 'grace' means nothing with --role directory"));
}

TEST_CASE("what only tests are to say has no variable") {
  variable hidden("SLUICE_TEST_NO_FAILOVER", "true");
  CHECK_FALSE(accepted({"--role", "all"}).no_failover);
  CHECK(accepted({"--role", "all", "--test-no-failover"}).no_failover);
}

TEST_CASE("a variable can say the role, and name the file") {
  config_file file("zone = \"z1\"\n");
  auto path = file.path.string();
  variable role("SLUICE_ROLE", "origin");
  variable config("SLUICE_CONFIG", path.c_str());
  auto got = accepted({});
  CHECK(got.role == process_role::origin);
  CHECK(got.zone == "z1");
}

TEST_CASE("help and version are printed") {
  auto help = read({"--help"});
  REQUIRE(help.has_value());
  CHECK(mentions(std::get<text_to_print>(*help).text, "--second-publisher"));
  CHECK_FALSE(mentions(std::get<text_to_print>(*help).text, "--test-"));
  CHECK(mentions(std::get<text_to_print>(*help).text, "--role origin|relay|edge|directory|all\n"));
  CHECK(mentions(std::get<text_to_print>(*read({"--version"})).text, SLUICE_VERSION));
}

TEST_CASE("all-in-one plans nodes on ports of their own, all moved by the shift") {
  auto nodes = plan_nodes(accepted({"--role", "all", "--port-shift", "1000", "--origins", "2"}), "host");
  REQUIRE(nodes.size() == 3 + 3 + 2 + 2);
  std::set<std::uint16_t> taken;
  for (const auto& n : nodes) {
    CHECK(taken.insert(n.http.port).second);
    if (n.role == cluster::node_role::origin) CHECK(taken.insert(n.rtmp.port).second);
    if (n.role == cluster::node_role::relay) CHECK(taken.insert(n.trunk.port).second);
    if (n.role == cluster::node_role::directory)
      CHECK(taken.insert(n.control.port).second);
    else
      CHECK(n.directories.size() == 3);
  }
  CHECK(taken.count(1000 + 1936) == 1);
  CHECK(taken.count(1000 + 8080) == 1);
}

TEST_CASE("a node without a name is named after its role and machine, in allowed characters") {
  auto nodes = plan_nodes(accepted({"--role", "origin"}), "my host");
  REQUIRE(nodes.size() == 1);
  CHECK(nodes[0].id == "origin-my-host");
}
